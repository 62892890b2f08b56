import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import type { Visit } from './world.test-support.ts'
import { World } from './world.test-support.ts'

const FORGED = {
  id: 'AAAAAAAAAAAAAAAA',
  userId: 'admin',
  version: 999,
  createdAt: 1,
  seenAt: 9_999_999_999_999,
  expiresAt: 9_999_999_999_999,
  absoluteAt: 9_999_999_999_999,
  authenticatedAt: 9_999_999_999_999,
  assurance: 'aal3',
  device: { label: 'forged' },
  digest: 'forged',
  ended: null,
  superseded: true,
}

describe.each(ENGINES)('what data cannot reach over $name', (engine) => {
  test('T55, T161.7: fields of the data named like those of the session stay data', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token, session } = await store.create({
      userId: 'u_1',
      device: { label: 'Phone' },
      assurance: 'aal1',
    })
    const before = await world.stored(token)
    const after = await store.update(token, (draft) => Object.assign(draft, FORGED))
    const { data, ...fields } = after ?? session
    expect(data).toMatchObject(FORGED)
    const { data: _none, ...original } = session
    expect({ ...fields }).toEqual({ ...original })
    const { data: _bytes, ...record } = await world.stored(token)
    const { data: _old, ...stored } = before
    expect(record).toEqual({ ...stored, version: 2 })
  })

  test('T55: a schema that answers with such fields writes data and nothing else', async () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => ({ value: { ...FORGED, ...Object(value) } as Visit }),
      },
    } as const
    await using world = await World.open(engine, { schema })
    const { store } = await world.place()
    const { session, token } = await store.create()
    expect(session.userId).toBeNull()
    expect(session.authenticatedAt).toBeNull()
    expect(session.assurance).toBeNull()
    const updated = await store.update(token, (draft) => (draft.count = 1))
    expect(updated?.userId).toBeNull()
    expect(updated?.absoluteAt).toBe(session.absoluteAt)
  })

  test('T55: carry and given data cannot raise a session', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const visitor = await store.create()
    await store.update(visitor.token, (draft) => Object.assign(draft, FORGED))
    const carry = Object.keys(FORGED) as (keyof Visit)[]
    const next = await store.create({ replaces: visitor.token, carry, data: Object(FORGED) })
    expect(next.session.userId).toBeNull()
    expect(next.session.authenticatedAt).toBeNull()
    expect(next.session.assurance).toBeNull()
    expect(next.session.absoluteAt).toBe(visitor.session.absoluteAt)
    expect(next.session.device).toBeNull()
  })

  test('T56: reading, changing or ending nothing asks the engine nothing', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const nothing: unknown[] = [
      '',
      'x',
      'A'.repeat(47),
      'A'.repeat(49),
      `${'A'.repeat(47)}=`,
      `${'A'.repeat(47)}é`,
    ]
    for (const token of nothing) {
      expect(await Reflect.apply(store.read, store, [token])).toBeNull()
      expect(await Reflect.apply(store.rotate, store, [token])).toBeNull()
      expect(await Reflect.apply(store.update, store, [token, () => null])).toBeNull()
      expect(await Reflect.apply(store.touch, store, [token])).toBe(false)
      expect(await Reflect.apply(store.revoke, store, [token])).toBe(false)
    }
    expect(await Reflect.apply(store.read, store, [undefined])).toBeNull()
    expect(store.blank()).toEqual({})
    expect(line.calls).toEqual([])
    expect(store.counters().malformedTokens).toBe(nothing.length * 5 + 1)
  })

  test('T56: a log-out without a session leaves no tombstone', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const token = 'A'.repeat(48)
    expect(await store.revoke(token)).toBe(false)
    expect(await world.record(token)).toBeNull()
    expect(line.calls).toEqual(['read'])
  })
})

import { describe, expect, test } from 'vitest'
import { bindingOf } from './context.ts'
import { ENGINES } from './engines.test-support.ts'
import type { SessionRecord } from './port.ts'
import { openSuccessor } from './successor.ts'
import { digestOf } from './token.ts'
import type { Place } from './world.test-support.ts'
import { endsOf, MINUTE, namesOf, SECOND, tokenOf, World } from './world.test-support.ts'

const GRACE = 10 * SECOND
const secretOf = (token: string) => token.slice(16)
const opened = (token: string, record: SessionRecord): string | null =>
  openSuccessor(
    secretOf(token),
    record.previous?.sealed ?? new Uint8Array(),
    bindingOf({ name: 'sojourn' }, record),
  )

/** A session that was rotated, and whose grace is over, with nothing having tidied it. */
async function rotatedLongAgo(world: World, { store }: Place) {
  const { token: old, session } = await store.create({ userId: 'u_1' })
  const next = tokenOf(await store.rotate(old))
  await store.read(next)
  await store.drain()
  world.clock.advance(GRACE)
  return { old, next, id: session.id }
}

describe.each(ENGINES)('the sealed successor over $name', (engine) => {
  test('T43: only the old secret opens it, and only for its own session', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    const next = tokenOf(await store.rotate(token))
    const record = await world.stored(token)
    expect(opened(token, record)).toBe(secretOf(next))
    expect(opened(next, record)).toBeNull()
    expect(opened(token, { ...record, id: 'AAAAAAAAAAAAAAAA' })).toBeNull()
    expect(opened(token, { ...record, userId: 'u_2' })).toBeNull()
    expect(opened(token, { ...record, createdAt: record.createdAt + 1 })).toBeNull()
    expect(opened(token, { ...record, previous: null })).toBeNull()
    const bytes = Buffer.from(record.previous?.sealed ?? [])
    for (const encoding of ['base64url', 'base64', 'hex', 'latin1'] as const) {
      expect(bytes.includes(Buffer.from(secretOf(next), 'base64url').toString(encoding))).toBe(false)
    }
  })

  test('T43: every flipped bit of it makes it worthless, and the old token then issues nothing', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    await store.rotate(token)
    const record = await world.stored(token)
    const sealed = record.previous?.sealed ?? new Uint8Array()
    for (let bit = 0; bit < 52 * 8; bit += 1) {
      const damaged = Uint8Array.from(sealed)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const previous = record.previous && { ...record.previous, sealed: damaged }
      expect(opened(token, { ...record, previous })).toBeNull()
    }
    const previous = record.previous && { ...record.previous, sealed: sealed.subarray(0, 51) }
    await world.raw.replace({ ...record, previous, version: 9 }, record.version, world.clock.now())
    expect(await store.rotate(token)).toBeNull()
  })

  test.each([
    ['read', (place: Place, token: string) => place.store.read(token)],
    ['update', (place: Place, token: string) => place.store.update(token, (draft) => (draft.count = 1))],
    ['touch', (place: Place, token: string) => place.store.touch(token)],
    ['rotation', (place: Place, token: string) => place.store.rotate(token, { grace: false })],
  ] as const)('T43: it is erased by the next %s after the grace', async (_name, use) => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { old, next } = await rotatedLongAgo(world, place)
    expect(opened(old, await world.stored(old))).toBe(secretOf(next))
    await use(place, next)
    await place.store.drain()
    const record = await world.stored(old)
    expect(record.previous).toBeNull()
    expect(record.retired.map(({ digest }) => Buffer.from(digest))).toContainEqual(
      Buffer.from(digestOf(secretOf(old)).subarray(0, 8)),
    )
  })

  test('T43: it is never opened after the grace, although it is still there', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { old } = await rotatedLongAgo(world, place)
    expect((await world.stored(old)).previous).not.toBeNull()
    expect(await place.store.rotate(old)).toBeNull()
    expect((await world.stored(old)).ended?.reason).toBe('reuse')
  })
})

describe.each(ENGINES)('reuse over $name', (engine) => {
  test.each([
    ['read', ({ store }: Place, token: string) => store.read(token)],
    ['update', ({ store }: Place, token: string) => store.update(token, () => undefined)],
    ['touch', ({ store }: Place, token: string) => store.touch(token)],
    ['rotate', ({ store }: Place, token: string) => store.rotate(token)],
    ['revoke', ({ store }: Place, token: string) => store.revoke(token)],
    ['reauthenticate', ({ store }: Place, token: string) => store.reauthenticate(token, { userId: 'u_1' })],
    ['a log-in', ({ store }: Place, token: string) => store.create({ replaces: token })],
  ] as const)(
    'T45: %s with a retired token ends the session for thief and victim (V22)',
    async (_name, use) => {
      await using world = await World.open(engine)
      const [here, there] = await world.pair()
      const { old, next, id } = await rotatedLongAgo(world, here)
      await use(there, old)
      expect(await here.store.read(next)).toBeNull()
      expect(await here.store.read(old)).toBeNull()
      expect(endsOf(there)).toEqual([{ id, reason: 'reuse' }])
      expect(namesOf(there).filter((name) => name === 'reuseDetected')).toHaveLength(1)
    },
  )

  test('T45: a thousand reuses at once are one end and one alarm', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { old, id } = await rotatedLongAgo(world, here)
    const seen = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => (index % 2 === 0 ? here : there).store.read(old)),
    )
    expect(seen.every((session) => session === null)).toBe(true)
    expect([...endsOf(here), ...endsOf(there)]).toEqual([{ id, reason: 'reuse' }])
    const alarms = [...namesOf(here), ...namesOf(there)].filter((name) => name === 'reuseDetected')
    expect(alarms).toHaveLength(1)
  })

  test('T45: the last four retired secrets are remembered, by eight bytes each', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    const tokens = [token]
    for (let turn = 0; turn < 6; turn += 1) {
      tokens.push(tokenOf(await store.rotate(tokens.at(-1) ?? '', { grace: false })))
    }
    world.clock.advance(GRACE)
    const { retired, ended } = await world.stored(token)
    expect(ended).toBeNull()
    expect(retired.map(({ digest }) => Buffer.from(digest))).toEqual(
      tokens.slice(2, 6).map((old) => Buffer.from(digestOf(secretOf(old)).subarray(0, 8))),
    )
    for (const forgotten of tokens.slice(0, 2)) expect(await store.read(forgotten)).toBeNull()
    expect((await store.read(tokens[6] ?? ''))?.userId).toBe('u_1')
    expect(await store.read(tokens[2] ?? '')).toBeNull()
    expect((await world.stored(token)).ended?.reason).toBe('reuse')
  })

  test('T45: a token that has only the eight remembered bytes in common opens nothing', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    const record = await world.stored(token)
    const digest = Uint8Array.from(record.digest)
    digest[31] = (digest[31] ?? 0) ^ 1
    await world.raw.replace({ ...record, digest, version: 2 }, 1, world.clock.now())
    expect(await store.read(token)).toBeNull()
    expect((await world.stored(token)).ended).toBeNull()
  })

  test('T45: within ten seconds of its death a secret is a stranger, since a request may be in flight', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token: first } = await store.create({ userId: 'u_1' })
    const second = tokenOf(await store.rotate(first))
    const third = tokenOf(await store.rotate(second))
    const fourth = tokenOf(await store.rotate(third, { grace: false }))
    world.clock.advance(GRACE - 1)
    for (const old of [first, second, third]) expect(await store.read(old)).toBeNull()
    expect((await world.stored(first)).ended).toBeNull()
    expect((await store.read(fourth))?.userId).toBe('u_1')
    expect(store.counters().wrongSecrets).toBe(3)
    world.clock.advance(1)
    expect(await store.read(second)).toBeNull()
    expect((await world.stored(first)).ended?.reason).toBe('reuse')
  })

  test('T45: a retired token of a session that has ended raises no alarm', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { old, next } = await rotatedLongAgo(world, place)
    await place.store.revoke(next)
    expect(await place.store.read(old)).toBeNull()
    expect(namesOf(place)).not.toContain('reuseDetected')
  })

  test('T8: a wrong secret changes nothing, however often', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token, session } = await store.create({ userId: 'u_1' })
    await store.rotate(token)
    const before = await world.stored(token)
    world.clock.advance(2 * MINUTE)
    for (let turn = 0; turn < 50; turn += 1) {
      const guess = session.id + String(turn).padStart(32, 'x')
      expect(await store.read(guess)).toBeNull()
      expect(await store.update(guess, (draft) => (draft.count = 1))).toBeNull()
      expect(await store.touch(guess)).toBe(false)
      expect(await store.rotate(guess)).toBeNull()
      expect(await store.revoke(guess)).toBe(false)
    }
    await store.drain()
    expect(await world.stored(token)).toEqual(before)
    expect(store.counters().wrongSecrets).toBe(250)
  })
})

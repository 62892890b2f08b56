import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import type { SessionRecord } from './port.ts'
import { digestOf } from './token.ts'
import { SECOND, tokenOf, World } from './world.test-support.ts'

/** Everything that a value can be made to show. */
function shown(value: unknown): string {
  const options = { depth: 20, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null }
  const json = JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? String(item) : item))
  return [inspect(value, options), inspect(value), json, String(value)].join('\n')
}

/** A secret or digest in every form in which it might be written down. */
function formsOf(token: string): string[] {
  const secret = token.slice(16)
  const bytes = [Buffer.from(secret), Buffer.from(secret, 'base64url'), Buffer.from(digestOf(secret))]
  return bytes.flatMap((each) => [
    each.toString('hex'),
    each.toString('base64'),
    each.toString('base64url'),
    [...each].join(', '),
    [...each].join(','),
  ])
}

function bytesOf(record: SessionRecord): string {
  const { previous, retired, data } = record
  return Buffer.concat(
    [data, previous?.sealed ?? [], ...retired.map(({ digest }) => digest)].map((each) => Buffer.from(each)),
  ).toString('hex')
}

describe.each(ENGINES)('secrets over $name', (engine) => {
  test('T4, T14: no session, list, event, error, counter or copy of them shows a token, secret or digest', async () => {
    await using world = await World.open(engine, { perUser: { max: 2, whenFull: 'refuse' } })
    const place = await world.place()
    const { store } = place
    const all: unknown[] = [store]
    const visitor = await store.create({ data: { cart: ['book'] } })
    const user = await store.create({ userId: 'u_1', replaces: visitor.token, device: { label: 'Phone' } })
    const next = tokenOf(await store.rotate(user.token))
    const other = await store.create({ userId: 'u_1' })
    all.push(visitor.session, user.session, await store.read(next), await store.read(user.token))
    await store.drain()
    all.push(await store.list({ userId: 'u_1' }), await store.updateUser('u_1', () => null))
    all.push(await store.create({ userId: 'u_1' }).catch((error: unknown) => error))
    all.push(await store.reauthenticate(next, { userId: 'u_2' }).catch((error: unknown) => error))
    all.push(await store.update(next, () => Promise.resolve()).catch((error: unknown) => error))
    place.line.fail('read')
    all.push(await store.read(next).catch((error: unknown) => error))
    const stored = [await world.stored(next), await world.stored(other.token)]
    world.clock.advance(10 * SECOND)
    await store.read(user.token)
    await store.revokeUser('u_1')
    all.push(place.told, store.counters(), store.policy, store.traits)
    expect(place.told.map(({ name }) => name)).toContain('reuseDetected')

    const text = all.map(shown).join('\n')
    const copies = all.slice(1, 5).map((value) => shown(structuredClone({ ...Object(value) })))
    const engineBytes = stored.map(bytesOf).join('\n')
    for (const token of [visitor.token, user.token, next, other.token]) {
      for (const form of [token, ...formsOf(token)]) {
        expect(text).not.toContain(form)
        expect(copies.join('\n')).not.toContain(form)
      }
      expect(engineBytes).not.toContain(Buffer.from(token.slice(16)).toString('hex'))
      expect(engineBytes).not.toContain(Buffer.from(token.slice(16), 'base64url').toString('hex'))
    }
  })
})

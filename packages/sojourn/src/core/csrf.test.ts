import { describe, expect, test } from 'vitest'
import { csrfValue, unmaskCsrf } from './csrf.ts'
import { ENGINES } from './engines.test-support.ts'
import { parseToken } from './token.ts'
import type { Place } from './world.test-support.ts'
import { SECOND, tokenOf, World } from './world.test-support.ts'

const GRACE = 10 * SECOND

/** Whether a form value is accepted for a token, as at the start of a request. */
async function verifies({ store }: Place, token: string, submitted: unknown): Promise<boolean> {
  const session = await store.read(token, { touch: false })
  await store.drain()
  return session !== null && store.verifyCsrf(session, token, submitted)
}

describe('the value of a form token', () => {
  test('T34: it is HMAC-SHA-256 under the secret over the label and the id', () => {
    const token = { id: 'AbCdEfGhIjKlMnOp', secret: '0123456789abcdefghijklmnopqrstuv' }
    expect(Buffer.from(csrfValue(token)).toString('hex')).toBe(
      'cb0501af8b01f958cbd043141d83d183c376df1c40f7f58662058a268a4605f4',
    )
  })
})

describe.each(ENGINES)('form tokens over $name', (engine) => {
  test('T34: each one looks different, and each is accepted', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create()
    const forms = Array.from({ length: 100 }, () => place.store.csrfToken(token))
    expect(new Set(forms).size).toBe(100)
    expect(new Set(forms.map((form) => form.slice(0, 8))).size).toBe(100)
    for (const form of forms) {
      expect(form).toMatch(/^[A-Za-z0-9_-]{86}$/)
      expect(form).not.toContain(token.slice(16))
      expect(await verifies(place, token, form)).toBe(true)
    }
    const parts = parseToken(token)
    const bare = parts && Buffer.from(csrfValue(parts))
    expect(bare?.equals(unmaskCsrf(forms[0]) ?? new Uint8Array())).toBe(true)
  })

  test('T34: one of another session, of no session or of other bytes is refused', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token, session } = await place.store.create({ userId: 'u_1' })
    const other = await place.store.create({ userId: 'u_1' })
    const form = place.store.csrfToken(token)
    const flipped = form.slice(0, -2) + (form.endsWith('AA') ? 'BA' : 'AA')
    const wrong: unknown[] = ['', form.slice(1), `${form}A`, form.replace(/./, '='), flipped, 'A'.repeat(86)]
    for (const submitted of [
      ...wrong,
      undefined,
      null,
      7,
      [form],
      { form },
      place.store.csrfToken(other.token),
    ]) {
      expect(await verifies(place, token, submitted)).toBe(false)
    }
    expect(place.store.verifyCsrf(session, other.token, place.store.csrfToken(other.token))).toBe(false)
    expect(place.store.verifyCsrf({ ...session }, token, form)).toBe(false)
  })

  test('T34: whoever makes up a secret cannot vouch for himself with it', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { session } = await store.create()
    const madeUp = session.id + 'x'.repeat(32)
    expect(store.verifyCsrf(session, madeUp, store.csrfToken(madeUp))).toBe(false)
  })

  test('T34: after a rotation the form of before posts during the grace, with either token', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create()
    const form = place.store.csrfToken(token)
    const next = tokenOf(await place.store.rotate(token))
    const nextForm = place.store.csrfToken(next)
    expect(await verifies(place, token, form)).toBe(true)
    expect(await verifies(place, next, form)).toBe(true)
    expect(await verifies(place, next, nextForm)).toBe(true)
    world.clock.advance(GRACE - 1)
    expect(await verifies(place, next, form)).toBe(true)
    world.clock.advance(1)
    expect(await verifies(place, next, form)).toBe(false)
    expect(await verifies(place, next, nextForm)).toBe(true)
    expect(await verifies(place, token, form)).toBe(false)
  })

  test('T34: a session object of before the end of the grace does not prolong it', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create()
    const form = store.csrfToken(token)
    const next = tokenOf(await store.rotate(token))
    await store.read(next)
    await store.drain()
    const session = await store.read(next)
    world.clock.advance(GRACE)
    expect(session !== null && store.verifyCsrf(session, next, form)).toBe(false)
    expect(session !== null && store.verifyCsrf(session, token, form)).toBe(false)
  })

  test.each([
    ['a log-in', async ({ store }: Place, token: string) => store.create({ userId: 'u_1', replaces: token })],
    ['a change of rights', ({ store }: Place, token: string) => store.rotate(token, { grace: false })],
    [
      're-authentication',
      ({ store }: Place, token: string) => store.reauthenticate(token, { userId: 'u_1' }),
    ],
  ] as const)('T34: the form of before %s is refused after it (V3)', async (_name, act) => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create({ userId: 'u_1' })
    const form = place.store.csrfToken(token)
    const next = tokenOf(await act(place, token))
    expect(await verifies(place, next, form)).toBe(false)
    expect(await verifies(place, token, form)).toBe(false)
    expect(await verifies(place, next, place.store.csrfToken(next))).toBe(true)
  })

  test('T34: the store keeps no form value that could be replayed', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create()
    const next = tokenOf(await place.store.rotate(token))
    const { previous } = await world.stored(token)
    const trace = Buffer.from(previous?.sealed ?? []).subarray(-32)
    const mask = Buffer.alloc(32)
    const replayed = Buffer.concat([mask, trace]).toString('base64url')
    expect(await verifies(place, next, replayed)).toBe(false)
  })

  test('only a session token has one', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    expect(() => store.csrfToken('short')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

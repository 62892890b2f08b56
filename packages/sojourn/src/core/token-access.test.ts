import { describe, expect, test } from 'vitest'
import { memory } from '../engines/memory/index.ts'
import { over } from '../testing/shareable-store.test-support.ts'
import { createSessionStore } from './create-session-store.ts'
import { ENGINES } from './engines.test-support.ts'
import { inputs, LONGEST_TURN_MS, turnOf } from './fuzz.test-support.ts'
import { leaks, outputsOf, spellingsOf } from './leaks.test-support.ts'
import { legal, malformedToken } from './malformed-tokens.test-support.ts'
import { misuse, witnessed } from './misuse.test-support.ts'
import type { SessionId } from './port.ts'
import { Chance } from './scheduler.test-support.ts'
import type { SessionStore } from './session-store.ts'
import { TestClock } from './test-clock.test-support.ts'
import { digestOf, ID_LENGTH, TOKEN_LENGTH } from './token.ts'
import { MINUTE, namesOf, type Visit, World } from './world.test-support.ts'

const [MEMORY] = ENGINES

/** What every verb that takes a token says to this one. */
async function answersTo(store: SessionStore<Visit>, token: string): Promise<unknown[]> {
  return [
    await store.read(token),
    await store.read(token, { touch: false }),
    await store.rotate(token),
    await store.rotate(token, { grace: false }),
    await store.reauthenticate(token, { userId: 'u_1' }),
    await store.update(token, (draft) => (draft.count = 666)),
    await store.touch(token),
    await store.revoke(token),
  ]
}

/** Whether any verb does anything with it but say no. */
async function isTaken(store: SessionStore<Visit>, token: unknown): Promise<boolean> {
  const answers = [await misuse(store, 'read', token), await misuse(store, 'rotate', token)]
  if (typeof token === 'string') answers.push(await store.update(token, () => undefined))
  return answers.some((answer) => answer !== null)
}

const FUZZ = { timeout: 600_000 }
const NOTHING = [null, null, null, null, null, null, false, false]

describe.each(ENGINES)('a token over $name', (engine) => {
  test('T2: that is malformed asks the engine nothing, whatever is done with it', FUZZ, async () => {
    await using world = await World.open(engine)
    const { store, line, told } = await world.place()
    const chance = new Chance(2)
    const count = inputs(engine.name === 'memory' ? 100_000 : 1_000)
    const taken: unknown[] = []
    for (let turn = 0; turn < count; turn += 1) {
      const token = malformedToken(chance)
      if (await isTaken(store, token)) taken.push(token)
    }
    expect(taken).toEqual([])
    expect(line.calls).toEqual([])
    expect(told).toEqual([])
    expect(store.counters().malformedTokens).toBeGreaterThanOrEqual(2 * count)
  })

  test('T6: says the same of an unknown, a wrong, an ended and an expired session', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const ended = await store.create({ userId: 'u_1' })
    await store.revoke(ended.token)
    const expired = await store.create({ userId: 'u_1' })
    world.clock.advance(30 * MINUTE)
    const live = await store.create({ userId: 'u_1' })
    const cases = {
      unknown: 'Ab'.repeat(TOKEN_LENGTH / 2),
      wrong: live.session.id + ended.token.slice(ID_LENGTH),
      ended: ended.token,
      expired: expired.token,
    }
    for (const [name, token] of Object.entries(cases)) {
      line.forget()
      expect(await answersTo(store, token), name).toEqual(NOTHING)
      expect(line.calls, name).toEqual(NOTHING.map(() => 'read'))
    }
    expect(await store.read(live.token)).not.toBeNull()
  })

  test('T8: with a wrong secret changes not one byte, however often and whatever is done', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { store, line } = place
    const first = await store.create({ userId: 'u_1', data: { cart: ['book'] } })
    const rotated = await store.rotate(first.token)
    const before = await world.stored(first.session.id)
    const toldBefore = place.told.length
    const wrongBefore = store.counters().wrongSecrets
    const chance = new Chance(8)
    line.forget()
    for (let turn = 0; turn < 100; turn += 1) {
      const token = first.session.id + legal(TOKEN_LENGTH - ID_LENGTH, chance)
      expect(await answersTo(store, token)).toEqual(NOTHING)
      await store.create({ replaces: token, data: {} }).then(({ token: other }) => store.revoke(other))
    }
    await store.drain()
    expect(await world.stored(first.session.id)).toEqual(before)
    expect(store.counters().wrongSecrets - wrongBefore).toBe(900)
    expect(namesOf(place).slice(toldBefore)).not.toContain('reuseDetected')
    expect(rotated && (await store.read(rotated.token))).not.toBeNull()
  })

  test('T9: that is unknown never becomes the id or the secret of a session (V4)', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const chance = new Chance(9)
    const shared: string[] = []
    for (let turn = 0; turn < 500; turn += 1) {
      const foreign = legal(TOKEN_LENGTH, chance)
      const { token } = await store.create({ replaces: foreign, data: { count: turn } })
      if (token.slice(0, ID_LENGTH) === foreign.slice(0, ID_LENGTH)) shared.push(foreign)
      if (token.slice(ID_LENGTH) === foreign.slice(ID_LENGTH)) shared.push(foreign)
      if ((await world.record(foreign)) !== null) shared.push(foreign)
    }
    expect(shared).toEqual([])
  })
})

describe('a fresh id', () => {
  /** An engine that finds the first ids taken. */
  async function storeWhere(taken: number) {
    const asked: SessionId[] = []
    const real = memory()
    const engine = over(real, {
      create: async (record, limit, now) => {
        if (!record.id.startsWith('----')) asked.push(record.id)
        return asked.length > 0 && asked.length <= taken
          ? { outcome: 'exists' }
          : real.create(record, limit, now)
      },
    })
    return { asked, store: await createSessionStore<Visit>({ engine, sweep: false, clock: new TestClock() }) }
  }

  test('T10: that is taken is replaced by another, twice at most', async () => {
    const { store, asked } = await storeWhere(2)
    const { token } = await store.create({ userId: 'u_1' })
    expect(asked).toHaveLength(3)
    expect(new Set(asked).size).toBe(3)
    expect(token.startsWith(asked[2] ?? '?')).toBe(true)
  })

  test('T10: that is taken three times is an error, because no sound generator does that', async () => {
    const { store, asked } = await storeWhere(3)
    await expect(store.create()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    expect(asked).toHaveLength(3)
  })
})

/** Everything that a session goes through, with all the tokens that there were. */
async function livesThrough(store: SessionStore<Visit>, clock: TestClock): Promise<string[]> {
  const visitor = await store.create({ data: { cart: ['book'] } })
  const login = await store.create({
    userId: 'u_1',
    replaces: visitor.token,
    carry: ['cart'],
    device: { label: 'Phone' },
  })
  const rotated = await store.rotate(login.token)
  const again = await store.rotate(login.token)
  clock.advance(MINUTE)
  await store.read(rotated?.token ?? '')
  await store.drain()
  clock.advance(MINUTE)
  await store.update(rotated?.token ?? '', (draft) => (draft.count = 1))
  const fresh = await store.reauthenticate(rotated?.token ?? '', { userId: 'u_1' })
  const last = await store.rotate(fresh?.token ?? '', { grace: false })
  await store.list({ userId: 'u_1' })
  clock.advance(MINUTE)
  await store.read(login.token)
  await store.drain()
  const other = await store.create({ userId: 'u_1' })
  await store.revokeUser('u_1', { except: other.session.id })
  await store.revokeAll()
  await store.sweep()
  const all = [visitor, login, rotated, again, fresh, last, other]
  return all.flatMap((issued) => (issued === null ? [] : [issued.token]))
}

const partsOf = (token: string): string[] => [token, token.slice(ID_LENGTH)]

describe('what an engine is handed', () => {
  test('T4: holds no secret and no token in any encoding', async () => {
    const seen: unknown[] = []
    const clock = new TestClock()
    const engine = witnessed(memory(), seen)
    const store = await createSessionStore<Visit>({ engine, clock, sweep: false })
    const tokens = await livesThrough(store, clock)
    expect(tokens).toHaveLength(7)
    expect(seen.length).toBeGreaterThan(20)
    const output = outputsOf(seen)
    expect(leaks(output, tokens.flatMap(partsOf))).toEqual([])
    // The scan has seen what is stored of them.
    expect(
      leaks(
        output,
        tokens.map((token) => digestOf(token.slice(ID_LENGTH))),
      ),
    ).not.toEqual([])
  })

  test('T4: the scan finds a secret in every encoding, also in bytes', () => {
    const secret = legal(32, new Chance(4))
    for (const spelling of spellingsOf(secret)) {
      expect(
        leaks(outputsOf({ data: Buffer.from(`x${spelling}y`, 'latin1') }), [secret]),
        spelling,
      ).not.toEqual([])
      expect(leaks(outputsOf([new Map([['note', { deep: spelling }]])]), [secret]), spelling).not.toEqual([])
    }
    expect(leaks(outputsOf({ data: Buffer.from(secret, 'base64url') }), [secret])).not.toEqual([])
    expect(leaks(outputsOf({ nothing: 'to see' }), [secret])).toEqual([])
  })
})

describe('what callers can print', () => {
  test('T14: shows no token, secret or digest, however it is printed', async () => {
    await using world = await World.open(MEMORY)
    const place = await world.place()
    const { store } = place
    const { token, session } = await store.create({
      userId: 'u_1',
      data: { cart: ['book'] },
      device: { label: 'Phone' },
    })
    const rotated = await store.rotate(token)
    const alias = await store.read(token)
    const secrets = [token, rotated?.token ?? ''].flatMap(partsOf)
    const records = [await world.stored(token)]
    const digests = records.flatMap(({ digest, previous, retired }) => {
      return [
        digest,
        ...retired.map((old) => old.digest),
        ...(previous ? [previous.digest, previous.sealed] : []),
      ]
    })
    const shown = [session, rotated?.session, alias, await store.list({ userId: 'u_1' })]
    const update = await store.update(session, (draft) => (draft.count = 1))
    const thrown = await errorsOf(store, token)
    const all = [...shown, update, thrown, place.told, store, store.policy, store.counters(), store.traits]
    expect(all.filter((value) => value === null || value === undefined)).toEqual([])
    expect(thrown.length).toBeGreaterThanOrEqual(5)
    for (const value of all) expect(leaks(outputsOf(value), [...secrets, ...digests])).toEqual([])
    expect(outputsOf(session)).toContain(session.id)
    expect(JSON.parse(JSON.stringify(session))).toMatchObject({ id: session.id, data: { cart: ['book'] } })
  })

  test('T14: the scan catches a session that keeps its record in a common field', async () => {
    await using world = await World.open(MEMORY)
    const { store } = await world.place()
    const { token, session } = await store.create()
    const record = await world.stored(token)
    const careless = { ...session, record }
    const hidden = Object.defineProperty({ ...session }, 'record', { value: record })
    expect(leaks(outputsOf(careless), [record.digest])).not.toEqual([])
    expect(leaks(outputsOf(hidden), [record.digest])).not.toEqual([])
  })
})

/** One error of every kind that a caller can bring about, thrown with a token at hand. */
async function errorsOf(store: SessionStore<Visit>, token: string): Promise<unknown[]> {
  const calls = [
    store.update(token, (draft) => Object.assign(draft, { stage: () => token })),
    store.update(token, (draft) => (draft.stage = 'x'.repeat(40_000))),
    store.update(token, async () => undefined),
    store.reauthenticate(token, { userId: 'u_2' }),
    store.create({ userId: '' }),
    store.create({ userId: 'u_1', assurance: 'x'.repeat(65) }),
    Promise.resolve().then(() => misuse(store, 'revoke', token, { reason: 'boredom' })),
    Promise.resolve().then(() => store.csrfToken(`${token}x`)),
  ]
  const results = await Promise.allSettled(calls)
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
}

test('T2, T81: a token of a hundred megabytes is refused in no time', async () => {
  await using world = await World.open(MEMORY)
  const { store } = await world.place()
  const huge = legal(10_000, new Chance(1)).repeat(10_000)
  expect(turnOf(() => void store.read(huge))).toBeLessThan(LONGEST_TURN_MS)
  expect(await store.read(huge)).toBeNull()
})

import { afterEach, describe, expect, test, vi } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { everything, sweepFor } from '../core/foreign-world.test-support.ts'
import { HOUR, MINUTE, SECOND, World } from '../core/world.test-support.ts'
import { type BetterAuthStorage, betterAuthStorage } from './better-auth.ts'
import { openOurs, SECRET } from './better-auth-world.test-support.ts'
import { dump, worldOver } from './key-value.test-support.ts'
import { Seal } from './seal.ts'

const [MEMORY] = ENGINES
const LIFETIME = { lifetime: 'aal1' } as const
const TOKENS = ['a', 'b', 'c'].map((letter) => letter.repeat(32))
const [TOKEN = '', SECOND_TOKEN = '', THIRD_TOKEN = ''] = TOKENS
const DAY_S = 86_400

afterEach(() => void vi.restoreAllMocks())

/** What better-auth stores for a session that begins now. */
function sessionValue(world: World, token: string, more: object = {}): string {
  const now = world.clock.now()
  const date = (ms: number): string => new Date(ms).toISOString()
  const session = {
    ...{ id: `id of ${token[0]}`, token, userId: 'ada', createdAt: date(now), updatedAt: date(now) },
    ...{ expiresAt: date(now + DAY_S * SECOND), ...more },
  }
  return JSON.stringify({ session, user: { id: 'ada', name: 'Ada', updatedAt: date(0) } })
}

async function tokensListed(storage: BetterAuthStorage, userId = 'ada'): Promise<string[]> {
  const list: unknown = JSON.parse((await storage.get(`active-sessions-${userId}`)) ?? '[]')
  return Array.isArray(list) ? list.map(({ token }) => String(token)).sort() : []
}

/** Wrong, as a storage without `increment` of its own does it. */
function countingNaively({ get, set }: BetterAuthStorage): BetterAuthStorage['increment'] {
  return async (key, ttl) => {
    const count = 1 + Number(await get(key))
    await set(key, String(count), ttl)
    return count
  }
}

/** Wrong, as a storage without `getAndDelete` of its own does it. */
function takingNaively({ get, delete: remove }: BetterAuthStorage): BetterAuthStorage['getAndDelete'] {
  return async (key) => {
    const value = await get(key)
    await remove(key)
    return value
  }
}

async function countedBy(increments: readonly BetterAuthStorage['increment'][]): Promise<number[]> {
  const calls = Array.from({ length: 1_000 }, (_, turn) =>
    increments[turn % increments.length]?.('ip|/path', 60),
  )
  return (await Promise.all(calls)).map(Number).sort((a, b) => a - b)
}

async function takenBy(takes: readonly BetterAuthStorage['getAndDelete'][]): Promise<unknown[]> {
  const calls = Array.from({ length: 100 }, (_, turn) => takes[turn % takes.length]?.('verification:x'))
  return (await Promise.all(calls)).filter((value) => value !== null)
}

describe.each(ENGINES)('a secondary storage over $name', (engine) => {
  test('ends none of another application’s sessions when it revokes all of a user', async () => {
    const world = await worldOver(engine, LIFETIME)
    const { store } = await world.place()
    const [one, two] = ['one', 'two'].map((label) => betterAuthStorage(store, { secret: SECRET, label }))
    await one?.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    await two?.set(SECOND_TOKEN, sessionValue(world, SECOND_TOKEN), DAY_S)
    world.clock.advance(SECOND)
    await one?.set('revoked-sessions-before-ada', String(world.clock.now()), DAY_S)
    expect([await one?.get(TOKEN), await two?.get(SECOND_TOKEN)]).toEqual([null, expect.any(String)])
  })

  test('BA2: a session that was revoked is never written again, however late', async () => {
    const world = await worldOver(engine, LIFETIME)
    const [{ storage, place }, { storage: other }] = [await openOurs(world), await openOurs(world)]
    await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    const read = (await storage.get(TOKEN)) ?? ''
    expect(JSON.parse(read)).toEqual(JSON.parse(sessionValue(world, TOKEN)))
    await other.delete(TOKEN)
    for (const late of [0, MINUTE, 10 * MINUTE, 3 * HOUR, 20 * HOUR]) {
      await sweepFor(world, place, late, late)
      await storage.set(TOKEN, read, DAY_S)
      await other.set(TOKEN, read, DAY_S)
      expect([await storage.get(TOKEN), await other.get(TOKEN)]).toEqual([null, null])
    }
    expect(await storage.get('active-sessions-ada')).toBeNull()
  })

  test('BA3: a revocation of all ends what began before it, listed or not, and nothing else', async () => {
    const world = await worldOver(engine, LIFETIME)
    const { storage, place } = await openOurs(world)
    const signIns = TOKENS.map((token) => sessionValue(world, token))
    const native = await place.store.create({ userId: 'ada' })
    await storage.set(TOKEN, signIns[0] ?? '', DAY_S)
    world.clock.advance(SECOND)
    const revoked = String(world.clock.now())
    await Promise.all([
      storage.set('revoked-sessions-before-ada', revoked, 7 * DAY_S),
      storage.set(SECOND_TOKEN, signIns[1] ?? '', DAY_S),
    ])
    await storage.set(THIRD_TOKEN, signIns[2] ?? '', DAY_S)
    expect(await Promise.all(TOKENS.map((token) => storage.get(token)))).toEqual([null, null, null])
    expect(await tokensListed(storage)).toEqual([])
    const after = 'd'.repeat(32)
    await storage.set(after, sessionValue(world, after), DAY_S)
    expect(await tokensListed(storage)).toEqual([after])
    expect(await storage.get('revoked-sessions-before-ada')).toBe(revoked)
    expect(await place.store.read(native.token)).not.toBeNull()
  })

  test('BA4: increment works off its object, gives 1 to 1,000 to as many callers, and never extends', async () => {
    const world = await worldOver(engine, LIFETIME)
    const [{ increment }, { increment: other }] = await Promise.all([
      openOurs(world).then(({ storage }) => storage),
      openOurs(world).then(({ storage }) => storage),
    ])
    const all = Array.from({ length: 1_000 }, (_, index) => index + 1)
    expect(await countedBy([increment, other])).toEqual(all)
    world.clock.advance(59 * SECOND)
    expect(await increment('ip|/path', 60)).toBe(1_001)
    world.clock.advance(SECOND)
    expect(await other('ip|/path', 60)).toBe(1)
  })

  test('BA5: getAndDelete gives the value to exactly one of a hundred, a session too', async () => {
    const world = await worldOver(engine, LIFETIME)
    const [{ storage }, { storage: other }] = [await openOurs(world), await openOurs(world)]
    await storage.set('verification:x', '{"value":"1"}', 60)
    expect(await takenBy([storage.getAndDelete, other.getAndDelete])).toEqual(['{"value":"1"}'])
    await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    const taken = await Promise.all([storage.getAndDelete(TOKEN), other.getAndDelete(TOKEN)])
    expect(taken.filter((value) => value !== null)).toHaveLength(1)
    expect(await storage.get(TOKEN)).toBeNull()
  })

  test('T152: neither tokens nor values nor what they are called can be read from what is stored', async () => {
    const world = await worldOver(engine, LIFETIME)
    const { storage } = await openOurs(world)
    expect(await readableIn(world, storage)).toEqual([])
  })

  test('is listed by the index of the store, which a log-out empties', async () => {
    const world = await worldOver(engine, LIFETIME)
    const { storage, place } = await openOurs(world)
    for (const token of TOKENS) await storage.set(token, sessionValue(world, token), DAY_S)
    await place.store.create({ userId: 'ada' })
    await storage.set('active-sessions-ada', '[{"token":"made up","expiresAt":9999999999999}]', DAY_S)
    expect(await tokensListed(storage)).toEqual(TOKENS)
    await storage.delete('active-sessions-ada')
    expect(await tokensListed(storage)).toEqual(TOKENS)
    for (const token of TOKENS) await storage.delete(token)
    expect([await storage.get('active-sessions-ada'), (await world.liveIds('ada')).length]).toEqual([null, 1])
  })
})

/** Whatever must not be readable, and is. */
async function readableIn(world: World, storage: BetterAuthStorage): Promise<string[]> {
  await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
  await storage.set('verification:otp-of-ada@example.com', '{"value":"834215:0"}', 60)
  await storage.increment('203.0.113.7|/sign-in', 60)
  const stored = await dump(world)
  return [TOKEN, 'otp-of', '834215', '203.0.113.7'].filter((text) => stored.includes(text))
}

describe('a secondary storage', () => {
  test('L9: is a plain object whose methods need it not', async () => {
    const { storage } = await openOurs(await worldOver(MEMORY))
    expect(Object.getPrototypeOf(storage)).toBe(Object.prototype)
    expect(Object.keys(storage).sort()).toEqual(['delete', 'get', 'getAndDelete', 'increment', 'set'])
    const { get, set } = { ...storage }
    await set('a', 'b', 60)
    expect(await get('a')).toBe('b')
  })

  test('keeps a value for its seconds, one without seconds, and none for no seconds', async () => {
    const world = await worldOver(MEMORY)
    const { storage } = await openOurs(world)
    await storage.set('a', '1', 60)
    await storage.set('b', '2')
    await storage.set('c', '3', 60)
    await storage.set('c', '3', 0)
    expect([await storage.get('a'), await storage.get('b'), await storage.get('c')]).toEqual(['1', '2', null])
    world.clock.advance(MINUTE)
    expect([await storage.get('a'), await storage.get('b')]).toEqual([null, '2'])
    await expect(storage.set('a', '1', Number.NaN)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(storage.increment('b', 60)).resolves.toBe(3)
    await storage.set('d', 'text', 60)
    await expect(storage.increment('d', 60)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('takes only what holds its own key as its token for a session', async () => {
    const world = await worldOver(MEMORY)
    const { storage } = await openOurs(world)
    const others = ['text', '{}', '[]', 'null', '{"session":null}', sessionValue(world, SECOND_TOKEN)]
    for (const value of others) {
      await storage.set(TOKEN, value, 60)
      expect([await storage.get(TOKEN), await world.liveIds('ada')]).toEqual([value, []])
    }
    await storage.set('a session key of any form', sessionValue(world, 'a session key of any form'), 60)
    expect(await storage.get('a session key of any form')).toContain('a session key of any form')
    expect(await world.liveIds('ada')).toHaveLength(1)
  })

  test('ends a session when it expires, and with the sessions of its user', async () => {
    const world = await worldOver(MEMORY, LIFETIME)
    const { storage, place } = await openOurs(world)
    await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    world.clock.advance(DAY_S * SECOND - 1)
    expect(await storage.get(TOKEN)).not.toBeNull()
    world.clock.advance(1)
    expect([await storage.get(TOKEN), await tokensListed(storage)]).toEqual([null, []])
    await storage.set(SECOND_TOKEN, sessionValue(world, SECOND_TOKEN), DAY_S)
    expect(await tokensListed(storage)).toEqual([SECOND_TOKEN])
    await place.store.revokeUser('ada')
    expect([await storage.get(SECOND_TOKEN), await tokensListed(storage)]).toEqual([null, []])
  })

  test('keeps the later change, of the session and of its user, of two that were read together', async () => {
    const world = await worldOver(MEMORY, LIFETIME)
    const { storage } = await openOurs(world)
    await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    const read = JSON.parse((await storage.get(TOKEN)) ?? '')
    const renamed = { ...read, user: { ...read.user, name: 'Grace', updatedAt: new Date(1).toISOString() } }
    const moved = { ...read, session: { ...read.session, activeOrganizationId: 'acme' } }
    for (const value of [renamed, moved, renamed]) await storage.set(TOKEN, JSON.stringify(value), DAY_S)
    const found = JSON.parse((await storage.get(TOKEN)) ?? '')
    expect([found.user.name, found.session.token, found.session.userId]).toEqual(['Grace', TOKEN, 'ada'])
    await storage.set(TOKEN, JSON.stringify(moved), DAY_S)
    expect(JSON.parse((await storage.get(TOKEN)) ?? '')).toEqual({ ...renamed, session: moved.session })
  })

  test('lists with a new secret what an old one sealed, and ends what neither can name', async () => {
    const world = await worldOver(MEMORY, LIFETIME)
    const { storage, place } = await openOurs(world)
    const next = 'another secret of 32 characters!'
    await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    const both = betterAuthStorage(place.store, { secret: [next, SECRET] })
    expect(await tokensListed(both)).toEqual([TOKEN])
    const alone = betterAuthStorage(place.store, { secret: next })
    expect([await tokensListed(alone), await alone.get(TOKEN)]).toEqual([[], await storage.get(TOKEN)])
    world.clock.advance(SECOND)
    await alone.set('revoked-sessions-before-ada', String(world.clock.now()), DAY_S)
    expect(await alone.get(TOKEN)).toBeNull()
  })

  test('seals a token anew only for a new secret, and for its own user alone', async () => {
    const world = await worldOver(MEMORY, LIFETIME)
    const { storage, place } = await openOurs(world)
    await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    const sealedNow = async () => /"sealed":"([^"]+)"|sealed..([\w-]{40,})/.exec(await dump(world))?.[0]
    const first = await sealedNow()
    await storage.set(TOKEN, sessionValue(world, TOKEN, { ipAddress: '::1' }), DAY_S)
    expect([first === undefined, await sealedNow()]).toEqual([false, first])
    const seal = new Seal(SECRET, 'better-auth')
    expect(seal.open(seal.seal(TOKEN, 'eve'), 'ada')).toBeNull()
    expect(new Seal(SECRET, 'other').open(seal.seal(TOKEN, 'ada'), 'ada')).toBeNull()
    expect([seal.open('', 'ada'), seal.open('x'.repeat(80), 'ada')]).toEqual([null, null])
    expect(await tokensListed(betterAuthStorage(place.store, { secret: SECRET, label: 'other' }))).toEqual([])
  })

  test('holds the limit of sessions that a user may have', async () => {
    const world = await worldOver(MEMORY, { ...LIFETIME, perUser: { max: 2, whenFull: 'endOldest' } })
    const { storage } = await openOurs(world)
    for (const token of TOKENS) {
      world.clock.advance(1)
      await storage.set(token, sessionValue(world, token), DAY_S)
    }
    expect(await tokensListed(storage)).toEqual([SECOND_TOKEN, THIRD_TOKEN])
    expect(await storage.get(TOKEN)).toBeNull()
  })

  test('refuses what it cannot work with', async () => {
    const { store } = await (await worldOver(MEMORY)).place()
    for (const secret of ['', 'short', [], ['short'], [SECRET, 'short']]) {
      expect(() => betterAuthStorage(store, { secret })).toThrow('secret must be text of at least 32')
    }
    const options = { secret: SECRET, prefix: 'x' }
    expect(() => betterAuthStorage(store, options)).toThrow('There is no option "prefix".')
  })

  test('tells when the engine is away, and never takes that for absent', async () => {
    const world = await worldOver(MEMORY)
    const { storage, place } = await openOurs(world)
    await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    place.line.crash(0, 'before')
    const calls = [
      storage.get(TOKEN),
      storage.get('verification:x'),
      storage.get('active-sessions-ada'),
      storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S),
      storage.increment('a', 1),
      storage.getAndDelete('a'),
      storage.delete(TOKEN),
    ]
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected')
    place.line.recover()
    expect(await storage.get(TOKEN)).not.toBeNull()
  })

  test('leaves nothing behind', async () => {
    await using world = await World.open(MEMORY, LIFETIME)
    const { storage, place } = await openOurs(world)
    const before = (await everything(world)).length
    await storage.set(TOKEN, sessionValue(world, TOKEN), DAY_S)
    await storage.increment('a', 60)
    await storage.delete(TOKEN)
    await sweepFor(world, place, 72 * HOUR, 6 * HOUR)
    expect((await everything(world)).length).toBe(before)
  })
})

describe('a broken twin', () => {
  test('BA4: that reads and writes counts wrong', async () => {
    const { storage } = await openOurs(await worldOver(MEMORY))
    expect(new Set(await countedBy([countingNaively(storage)])).size).toBeLessThan(1_000)
  })

  test('BA5: that reads and deletes gives a value away more than once', async () => {
    const { storage } = await openOurs(await worldOver(MEMORY))
    await storage.set('verification:x', '1', 60)
    expect((await takenBy([takingNaively(storage)])).length).toBeGreaterThan(1)
  })

  test('T152: that seals nothing is readable', async () => {
    vi.spyOn(Seal.prototype, 'seal').mockImplementation((text) => text)
    const world = await worldOver(MEMORY)
    const { storage } = await openOurs(world)
    expect(await readableIn(world, storage)).toEqual([TOKEN, '834215'])
  })
})

import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { HOUR, MINUTE, type Place, START, type World } from '../core/world.test-support.ts'
import { type AuthjsSessions, authjsSessions } from './authjs.ts'
import { dump, worldOver } from './key-value.test-support.ts'

const [MEMORY] = ENGINES
const LIFETIME = { lifetime: 'aal1' } as const
const TOKEN = '0b2f7a1e-5d0c-4c1e-9d8e-2f1f6a7b8c9d'
const ADA = { id: 'ada', email: 'ada@example.com', emailVerified: null }
const SOON = START + HOUR
const USERS = { getUser: async (id: string) => (id === ADA.id ? ADA : null) }

interface Process {
  readonly place: Place
  readonly adapter: AuthjsSessions<typeof ADA>
}

async function start(world: World): Promise<Process> {
  const place = await world.place()
  return { place, adapter: authjsSessions(place.store, { users: USERS }) }
}

function fromNow(world: World, ms: number): Date {
  return new Date(world.clock.now() + ms)
}

describe.each(ENGINES)('sessions for Auth.js over $name', (engine) => {
  test('AU4: dates come back as dates, to the millisecond, and one at a time', async () => {
    const world = await worldOver(engine, LIFETIME)
    const [{ adapter }, { adapter: other }] = [await start(world), await start(world)]
    const session = { sessionToken: TOKEN, userId: 'ada', expires: fromNow(world, HOUR + 7) }
    expect(await adapter.createSession(session)).toEqual(session)
    expect(await other.getSessionAndUser(TOKEN)).toEqual({ session, user: ADA })
    world.clock.advance(30 * MINUTE)
    const expires = fromNow(world, 2 * HOUR)
    expect(await adapter.updateSession({ sessionToken: TOKEN, expires })).toEqual({ ...session, expires })
    expect((await other.getSessionAndUser(TOKEN))?.session.expires).toEqual(expires)
    expect(await other.deleteSession(TOKEN)).toEqual({ ...session, expires })
    expect(await adapter.getSessionAndUser(TOKEN)).toBeNull()
  })

  test('AU2: an update of a session that is gone gives null, and it stays gone', async () => {
    const world = await worldOver(engine, LIFETIME)
    const { adapter, place } = await start(world)
    const [expires, later] = [fromNow(world, HOUR), fromNow(world, 2 * HOUR)]
    expect(await adapter.updateSession({ sessionToken: TOKEN, expires })).toBeNull()
    await adapter.createSession({ sessionToken: TOKEN, userId: 'ada', expires })
    const held = place.line.hold('read', 'after')
    const updating = adapter.updateSession({ sessionToken: TOKEN, expires: later })
    await held.reached
    await adapter.deleteSession(TOKEN)
    held.release()
    expect([await updating, await adapter.getSessionAndUser(TOKEN)]).toEqual([null, null])
    const again = { sessionToken: TOKEN, userId: 'ada', expires: later }
    expect([await adapter.updateSession(again), await adapter.deleteSession(TOKEN)]).toEqual([null, null])
    await expect(adapter.createSession(again)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await adapter.getSessionAndUser(TOKEN)).toBeNull()
  })

  test('AU5: an expired session gives null', async () => {
    const world = await worldOver(engine, LIFETIME)
    const { adapter } = await start(world)
    const session = { sessionToken: TOKEN, userId: 'ada', expires: fromNow(world, HOUR) }
    await adapter.createSession(session)
    world.clock.advance(HOUR - 1)
    expect(await adapter.getSessionAndUser(TOKEN)).not.toBeNull()
    world.clock.advance(1)
    expect([
      await adapter.getSessionAndUser(TOKEN),
      await adapter.updateSession({ sessionToken: TOKEN, expires: fromNow(world, HOUR) }),
      await adapter.deleteSession(TOKEN),
    ]).toEqual([null, null, null])
  })

  test('AU3: an engine that is away rejects, and never gives null', async () => {
    const world = await worldOver(engine, LIFETIME)
    const { adapter, place } = await start(world)
    const session = { sessionToken: TOKEN, userId: 'ada', expires: fromNow(world, HOUR) }
    await adapter.createSession(session)
    expect(await wronglyAnswered(adapter, place)).toEqual([])
    expect(await wronglyAnswered(swallowing(adapter), place)).not.toEqual([])
    expect(await adapter.getSessionAndUser(TOKEN)).toEqual({ session, user: ADA })
  })
})

/** Wrong: it takes an outage for absent. */
function swallowing(adapter: AuthjsSessions<typeof ADA>): AuthjsSessions<typeof ADA> {
  return { ...adapter, getSessionAndUser: (token) => adapter.getSessionAndUser(token).catch(() => null) }
}

/** What is answered while the engine is away. */
async function wronglyAnswered(adapter: AuthjsSessions<unknown>, { line }: Place): Promise<string[]> {
  line.crash(0, 'before')
  const expires = new Date(SOON)
  const calls = {
    createSession: adapter.createSession({ sessionToken: 'another', userId: 'ada', expires }),
    getSessionAndUser: adapter.getSessionAndUser(TOKEN),
    updateSession: adapter.updateSession({ sessionToken: TOKEN, expires }),
    deleteSession: adapter.deleteSession(TOKEN),
  }
  const outcomes = await Promise.allSettled(Object.values(calls))
  line.recover()
  return Object.keys(calls).filter((_, index) => outcomes[index]?.status === 'fulfilled')
}

describe('sessions for Auth.js', () => {
  test('AU1: are laid over another adapter, also when each method is called alone', async () => {
    const { adapter } = await start(await worldOver(MEMORY))
    expect(Object.getPrototypeOf(adapter)).toBe(Object.prototype)
    expect(Object.keys(adapter).sort()).toEqual([
      ...['createSession', 'deleteSession', 'getSessionAndUser', 'updateSession'],
    ])
    const database = { ...USERS, createSession: null }
    const { createSession, getSessionAndUser } = { ...database, ...adapter }
    const session = { sessionToken: TOKEN, userId: 'ada', expires: new Date(SOON) }
    await createSession(session)
    expect((await getSessionAndUser(TOKEN))?.user).toEqual(ADA)
  })

  test('ask an adapter that is an instance of a class', async () => {
    const place = await (await worldOver(MEMORY)).place()
    class Users {
      readonly #ada = ADA
      async getUser(id: string) {
        return id === this.#ada.id ? this.#ada : null
      }
    }
    const adapter = authjsSessions(place.store, { users: new Users() })
    await adapter.createSession({ sessionToken: TOKEN, userId: 'ada', expires: new Date(SOON) })
    expect((await adapter.getSessionAndUser(TOKEN))?.user).toEqual(ADA)
  })

  test('belong to their user, and are ended with the others of the user', async () => {
    const { adapter, place } = await start(await worldOver(MEMORY))
    for (const sessionToken of ['a', 'b']) {
      await adapter.createSession({ sessionToken, userId: 'ada', expires: new Date(SOON) })
    }
    expect(await place.store.list({ userId: 'ada' })).toHaveLength(2)
    await place.store.revokeUser('ada')
    expect([await adapter.getSessionAndUser('a'), await adapter.getSessionAndUser('b')]).toEqual([null, null])
  })

  test('give null for a user that is gone', async () => {
    const { adapter } = await start(await worldOver(MEMORY))
    await adapter.createSession({ sessionToken: TOKEN, userId: 'eve', expires: new Date(SOON) })
    expect(await adapter.getSessionAndUser(TOKEN)).toBeNull()
  })

  test('keep further fields, and change only those that an update names', async () => {
    const { adapter } = await start(await worldOver(MEMORY, LIFETIME))
    const expires = new Date(SOON)
    const session = { sessionToken: TOKEN, userId: 'ada', expires, role: 'admin', seat: 1 }
    await adapter.createSession(session)
    const change = { sessionToken: TOKEN, seat: 2 }
    expect(await adapter.updateSession(change)).toMatchObject({ userId: 'ada', role: 'admin', seat: 2 })
  })

  test('change hands with their user, and keep the user where an update names none', async () => {
    const { adapter, place } = await start(await worldOver(MEMORY))
    await adapter.createSession({ sessionToken: TOKEN, userId: 'eve', expires: new Date(SOON) })
    await adapter.updateSession({ sessionToken: TOKEN, userId: 'ada' })
    await adapter.updateSession(JSON.parse(`{"sessionToken":"${TOKEN}"}`))
    // As JavaScript may call it.
    await Reflect.apply(adapter.updateSession, null, [{ sessionToken: TOKEN, userId: undefined }])
    expect((await adapter.getSessionAndUser(TOKEN))?.user).toEqual(ADA)
    expect(await place.store.list({ userId: 'eve' })).toEqual([])
    expect(await place.store.list({ userId: 'ada' })).toHaveLength(1)
  })

  test('give a number back as a number, where the database counts its users', async () => {
    const place = await (await worldOver(MEMORY)).place()
    const asked: unknown[] = []
    const getUser = async (id: string) => {
      asked.push(id)
      return ADA
    }
    const adapter = authjsSessions(place.store, { users: { getUser } })
    await adapter.createSession({
      ...{ sessionToken: TOKEN, expires: new Date(SOON) },
      ...JSON.parse('{"userId":7}'),
    })
    expect((await adapter.getSessionAndUser(TOKEN))?.user).toEqual(ADA)
    expect([asked, (await place.store.list({ userId: '7' })).length]).toEqual([[7], 1])
  })

  test('are made under a fresh token only', async () => {
    const { adapter } = await start(await worldOver(MEMORY))
    const session = { sessionToken: TOKEN, userId: 'ada', expires: new Date(SOON) }
    await adapter.createSession(session)
    const eve = { ...session, userId: 'eve' }
    await expect(adapter.createSession(eve)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await adapter.getSessionAndUser(TOKEN))?.session.userId).toBe('ada')
  })

  test('T152: leave no token in what is stored', async () => {
    const world = await worldOver(MEMORY)
    const { adapter } = await start(world)
    await adapter.createSession({ sessionToken: TOKEN, userId: 'ada', expires: new Date(SOON) })
    expect(await dump(world)).not.toContain(TOKEN)
  })

  test('refuse what they cannot work with', async () => {
    const { adapter, place } = await start(await worldOver(MEMORY))
    expect(() => authjsSessions(place.store, { users: {} })).toThrow('users must have getUser')
    const options = { users: USERS, prefix: 'x' }
    expect(() => authjsSessions(place.store, options)).toThrow('There is no option "prefix".')
    const session = { sessionToken: TOKEN, userId: 'ada', expires: new Date(Number.NaN) }
    await expect(adapter.createSession(session)).rejects.toThrow('expires must be a date.')
  })
})

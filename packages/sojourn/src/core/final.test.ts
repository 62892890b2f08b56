import { describe, expect, test } from 'vitest'
import type { Verb } from '../testing/passing-engine.test-support.ts'
import { ENGINES } from './engines.test-support.ts'
import type { Issued, Session } from './session.ts'
import type { Stage } from './staged-engine.test-support.ts'
import type { Place, Visit } from './world.test-support.ts'
import { endsOf, MINUTE, SECOND, tokenOf, World } from './world.test-support.ts'

type Outcome = Session<Visit> | Issued<Visit> | boolean | null

interface Flight {
  readonly name: string
  /** Brings the session into the state from which the write begins; the token to use. */
  readonly prepare: (place: Place, world: World, token: string) => Promise<string>
  readonly write: (place: Place, token: string) => Promise<Outcome>
  /** The engine calls at which the write can be overtaken. */
  readonly calls: readonly Verb[]
}

const asIs = async (_place: Place, _world: World, token: string): Promise<string> => token

async function rotated({ store }: Place, _world: World, token: string): Promise<string> {
  return tokenOf(await store.rotate(token))
}

async function idled(_place: Place, world: World, token: string): Promise<string> {
  world.clock.advance(2 * MINUTE)
  return token
}

/** Reads, and waits for what the read leaves to be written. */
async function readAndDrain({ store }: Place, token: string): Promise<null> {
  await store.read(token)
  await store.drain()
  return null
}

const FLIGHTS: readonly Flight[] = [
  {
    name: 'an update',
    prepare: asIs,
    write: ({ store }, token) => store.update(token, (draft) => (draft.count = 1)),
    calls: ['read', 'replace'],
  },
  {
    name: 'a touch',
    prepare: asIs,
    write: ({ store }, token) => store.touch(token),
    calls: ['read', 'touch'],
  },
  { name: 'the touch of a read', prepare: idled, write: readAndDrain, calls: ['read', 'touch'] },
  { name: 'a first sighting', prepare: rotated, write: readAndDrain, calls: ['read', 'replace'] },
  {
    name: 'a rotation',
    prepare: asIs,
    write: ({ store }, token) => store.rotate(token),
    calls: ['read', 'replace'],
  },
  {
    name: 'a change of rights',
    prepare: asIs,
    write: ({ store }, token) => store.rotate(token, { grace: false }),
    calls: ['read', 'replace'],
  },
  {
    name: 're-authentication',
    prepare: asIs,
    write: ({ store }, token) => store.reauthenticate(token, { userId: 'u_1' }),
    calls: ['read', 'replace'],
  },
]

const ENDS: readonly [string, (place: Place, token: string) => Promise<unknown>][] = [
  ['revoke', ({ store }, token) => store.revoke({ id: token.slice(0, 16), operator: true })],
  ['revokeUser', ({ store }) => store.revokeUser('u_1')],
  [
    'a log-in',
    ({ store }, token) =>
      store.create({ userId: 'u_2', replaces: { id: token.slice(0, 16), operator: true }, carry: ['count'] }),
  ],
]

const POINTS = FLIGHTS.flatMap((flight) =>
  flight.calls.flatMap((verb) =>
    (['before', 'after'] as const).flatMap((stage) =>
      ENDS.map(([end, act]) => ({ flight, verb, stage, end, act })),
    ),
  ),
)

const titles = POINTS.map((point) => ({
  ...point,
  title: `${point.flight.name}, overtaken ${point.stage} its ${point.verb} by ${point.end}`,
}))

describe.each(ENGINES)('an end over $name', (engine) => {
  test.each(titles)('T51, T52, T161.4: $title', async ({ flight, verb, stage, act }) => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create({ userId: 'u_1' })
    const latest = await flight.prepare(here, world, token)
    const held = here.line.hold(verb, stage as Stage)
    const write = flight.write(here, latest)
    await held.reached
    await act(there, token)
    const tombstone = await world.stored(token)
    expect(tombstone.ended).not.toBeNull()
    held.release()
    const outcome = await write
    const wasWritten = verb !== 'read' && stage === 'after'
    if (!wasWritten) expect(outcome === null || outcome === false).toBe(true)
    await here.store.drain()
    expect(await world.stored(token)).toEqual(tombstone)
    for (const { store } of [here, there]) {
      expect(await store.read(token)).toBeNull()
      expect(await store.read(latest)).toBeNull()
      if (outcome !== null && typeof outcome === 'object' && 'token' in outcome) {
        expect(await store.read(outcome.token)).toBeNull()
      }
      expect(await store.list({ userId: 'u_1' })).toEqual([])
    }
    expect([...endsOf(here), ...endsOf(there)]).toHaveLength(1)
  })

  test('T51, T161.4: nothing that is begun after a log-out finds the session (V11, V19)', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token, session } = await here.store.create({ userId: 'u_1' })
    const address = { id: session.id, userId: 'u_1' }
    expect(await here.store.revoke(token)).toBe(true)
    const tombstone = await world.stored(token)
    for (const { store } of [here, there]) {
      expect(await store.revoke(token)).toBe(false)
      expect(await store.revoke(address)).toBe(false)
      expect(await store.read(token)).toBeNull()
      for (const named of [token, session, address]) {
        expect(await store.update(named, (draft) => (draft.count = 1))).toBeNull()
        expect(await store.touch(named)).toBe(false)
      }
      expect(await store.rotate(token)).toBeNull()
      expect(await store.updateUser('u_1', (draft) => (draft.count = 1))).toEqual([])
    }
    world.clock.jump(-5 * MINUTE)
    expect(await here.store.read(token)).toBeNull()
    expect(await world.stored(token)).toEqual(tombstone)
    expect(endsOf(here)).toEqual([{ id: session.id, reason: 'logout' }])
  })

  test('T60: the process that revokes sees it at once, and so does every other', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create({ userId: 'u_1' })
    expect(await there.store.read(token)).not.toBeNull()
    await here.store.revoke(token)
    const seen = await Promise.all([here.store.read(token), there.store.read(token)])
    expect(seen).toEqual([null, null])
  })

  test('T52: revokeUser ends all but the excepted, at once, and returns what it ended', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const made: Issued<Visit>[] = []
    for (let turn = 0; turn < 5; turn += 1) {
      made.push(await here.store.create({ userId: 'u_1' }))
      world.clock.advance(SECOND)
    }
    const stranger = await here.store.create({ userId: 'u_2' })
    const [kept, ...others] = made
    const ended = await there.store.revokeUser('u_1', { except: kept?.session.id ?? '' })
    expect([...ended].sort()).toEqual(others.map(({ session }) => session.id).sort())
    for (const { token } of others) expect(await here.store.read(token)).toBeNull()
    expect(await here.store.read(tokenOf(kept ?? null))).not.toBeNull()
    expect(await here.store.read(stranger.token)).not.toBeNull()
    expect(endsOf(there)).toEqual(ended.map((id) => ({ id, reason: 'revoked' })))
    expect(await there.store.revokeUser('u_1', { except: kept?.session.id ?? '' })).toEqual([])
  })

  test('T52: a create that completes after revokeUser began is live or ended, and the list agrees', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    for (const stage of ['before', 'after'] as const) {
      const held = here.line.hold('create', stage)
      const create = here.store.create({ userId: 'u_1' })
      await held.reached
      const ended = await there.store.revokeUser('u_1')
      held.release()
      const { token, session } = await create
      const live = (await here.store.read(token)) !== null
      expect(live).toBe(stage === 'before')
      expect(ended.includes(session.id)).toBe(!live)
      expect((await here.store.list({ userId: 'u_1' })).length).toBe(live ? 1 : 0)
      await there.store.revokeUser('u_1')
    }
  })

  test('T58: after a changed password one call ends every session but the one at hand (V20, V21)', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const thief = await store.create({ userId: 'u_1' })
    const owner = await store.create({ userId: 'u_1' })
    await store.revokeUser('u_1', { except: owner.session.id })
    expect(await store.read(thief.token)).toBeNull()
    expect(await store.read(owner.token)).not.toBeNull()
    await store.revokeUser('u_1', { reason: 'admin' })
    expect(await store.read(owner.token)).toBeNull()
    expect(await store.list({ userId: 'u_1' })).toEqual([])
    expect((await world.stored(owner.token)).ended?.reason).toBe('admin')
  })

  test.each([
    ['revoke', ({ store }: Place, reason: string) => store.revoke('x', { reason: reason as 'admin' })],
    [
      'revokeUser',
      ({ store }: Place, reason: string) => store.revokeUser('u', { reason: reason as 'admin' }),
    ],
  ] as const)('%s takes only the known reasons', async (_name, act) => {
    await using world = await World.open(engine)
    const place = await world.place()
    for (const reason of ['', 'Logout', '__proto__', 'constructor']) {
      await expect(act(place, reason)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(place.line.calls).toEqual([])
  })

  test('revokeUser refuses an exception that is no id of a session', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    for (const except of ['', token, '-'.repeat(16)]) {
      await expect(store.revokeUser('u_1', { except })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(await store.read(token)).not.toBeNull()
  })

  test('T82: a listener of the end that throws or hangs leaves the session dead (V18)', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    store.on('ended', () => {
      throw new Error('listener')
    })
    store.on('ended', () => Promise.reject(new Error('listener')))
    store.on('ended', () => new Promise(() => undefined))
    const { token } = await store.create({ userId: 'u_1' })
    expect(await store.revoke(token)).toBe(true)
    expect(await store.read(token)).toBeNull()
    await new Promise((resolve) => setImmediate(resolve))
    expect(store.counters().listenerFailures).toBe(2)
  })
})

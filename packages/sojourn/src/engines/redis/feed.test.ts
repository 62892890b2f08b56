import { type RedisServer, startProxy, startRedis, until } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoreEvent } from '../../core/events.ts'
import { TestClock } from '../../core/test-clock.test-support.ts'
import type { Command, RedisClient, Reply } from './client.ts'
import type { DriverName } from './clients.test-support.ts'
import {
  FeedWorld,
  fieldsWith,
  isLast,
  LAST_USER,
  logOut,
  OFTEN,
  plant,
  toldUntil,
} from './feed.test-support.ts'
import { redisFeed } from './feed.ts'
import type { RedisFeedOptions } from './feed-options.ts'
import { PassingClient } from './passing-client.test-support.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

const DRIVERS: readonly DriverName[] = ['ioredis', 'node-redis', 'iovalkey']
const at = (where: { readonly host: string; readonly port: number }) =>
  ({ kind: 'server', at: { host: where.host, port: where.port } }) as const
const endsIn = (told: readonly StoreEvent[]) =>
  told.flatMap((event) => (event.name === 'ended' && event.userId !== LAST_USER ? [event.id] : []))

describe.each(DRIVERS)('over %s', (driver) => {
  test('T62: a log-out in one process is told in the other within 500 ms, with the defaults', async () => {
    await using world = new FeedWorld()
    const here = await world.store(await world.client(driver, at(server)), {})
    const there = await world.store(await world.client(driver, at(server)), {})
    const { session, token } = await here.create({ userId: 'u_1' })
    const closed = new Promise<void>((resolve) => there.watch(session, resolve))
    const heard = new Promise((resolve) => there.on('ended', resolve))
    const startedAt = performance.now()
    await here.revoke(token)
    expect(await heard).toMatchObject({ id: session.id, userId: 'u_1', reason: 'logout', remote: true })
    expect(performance.now() - startedAt).toBeLessThan(500)
    await closed
    expect(here.counters().feedUntold).toBe(0)
  })

  test('what is told while a process is cut off is told to it when it is back, without a gap', async () => {
    const proxy = await startProxy({ to: server })
    try {
      await using world = new FeedWorld()
      const here = await world.store(await world.client(driver, at(server)))
      const there = await world.store(await world.client(driver, at(proxy)))
      const told = toldUntil(there, isLast)
      await proxy.refuse(true)
      proxy.cut()
      const ids = [await logOut(here), await logOut(here)]
      await logOut(here, LAST_USER)
      await proxy.refuse(false)
      expect(endsIn(await told)).toEqual(ids)
      expect(there.counters().feedGaps).toBe(0)
    } finally {
      await proxy.stop()
    }
  })

  test('what may or may not have been told, because the answer was lost, is told once', async () => {
    const proxy = await startProxy({ to: server })
    try {
      await using world = new FeedWorld()
      const here = await world.store(await world.client(driver, at(proxy)))
      const there = await world.store(await world.client(driver, at(server)))
      const told = toldUntil(there, isLast)
      const cut = proxy.cutAfterRequest('XADD')
      const id = await logOut(here)
      await cut
      // It is back when it can log somebody out, and the feed with it.
      await until('a log-out', () => logOut(here, LAST_USER), 5_000)
      expect(endsIn(await told)).toEqual([id])
      expect(here.counters().feedUntold).toBeLessThanOrEqual(1)
    } finally {
      await proxy.stop()
    }
  })
})

describe('a feed', () => {
  /** What B hears of twenty log-outs at A, over a feed that is changed so. */
  async function heard(wrap: (client: RedisClient) => RedisClient) {
    await using world = new FeedWorld()
    const client = await world.client('ioredis', at(server))
    const here = await world.store(client, { ...OFTEN, wrap })
    const there = await world.store(client, { ...OFTEN, wrap })
    const [atHome, abroad] = [toldUntil(there, isLast), toldUntil(here, isLast)]
    const ids: string[] = []
    for (let number = 0; number < 20; number += 1) ids.push(await logOut(here))
    await logOut(here, LAST_USER)
    const elsewhere = endsIn(await atHome)
    await logOut(there, LAST_USER)
    const own = (await abroad).filter((event) => 'remote' in event && 'id' in event && ids.includes(event.id))
    return { ids, elsewhere, own }
  }

  test('tells each event once in other processes, and none in its own again', async () => {
    const { ids, elsewhere, own } = await heard((client) => client)
    expect(elsewhere).toEqual(ids)
    expect(own).toEqual([])
  })

  test('tells once what a driver sends twice', async () => {
    const { ids, elsewhere } = await heard((client) => new RepeatingClient(client, (args) => args))
    expect(elsewhere).toEqual(ids)
  })

  test('that does not know what it has told would be noticed', async () => {
    const renumbered = (args: Command['args']) =>
      args.map((word, index) => (args[index - 1] === 'seq' ? `9${word}` : word))
    const { ids, elsewhere } = await heard((client) => new RepeatingClient(client, renumbered))
    expect(elsewhere.length).toBeGreaterThan(ids.length)
  })

  test('that does not know its own would be noticed', async () => {
    const { own } = await heard((client) => new EstrangingClient(client))
    expect(own.length).toBeGreaterThan(0)
  })

  test('passes over entries that are no events, counts them, and tells those behind', async () => {
    await using world = new FeedWorld()
    const client = await world.client('ioredis', at(server))
    const store = await world.store(client)
    const told = toldUntil(store, isLast)
    const poison = [['x', 'y'], fieldsWith({ id: 'no id' }), fieldsWith({ user: 'u'.repeat(300) })]
    await plant(server, world.key, ...poison, fieldsWith({ user: LAST_USER }))
    expect(await told).toHaveLength(1)
    expect(store.counters().feedRefusals).toBe(3)
  })

  test('T62: an end that somebody forged closes no live session', async () => {
    await using world = new FeedWorld()
    const client = await world.client('ioredis', at(server))
    const store = await world.store(client)
    const { session, token } = await store.create()
    let closed = 0
    store.watch(session, () => (closed += 1))
    const told = toldUntil(store, isLast)
    await plant(server, world.key, fieldsWith({ id: session.id }), fieldsWith({ seq: '2', user: LAST_USER }))
    expect(endsIn(await told)).toEqual([session.id])
    await store.drain()
    expect(closed).toBe(0)
    expect(await store.read(token)).not.toBeNull()
  })

  test('that was trimmed before it was read says so, and all watches look', async () => {
    await using world = new FeedWorld()
    const client = await world.client('ioredis', at(server))
    const clock = new TestClock(Date.now())
    const here = await world.store(client, { maxEntries: 100 }, { clock })
    const there = await world.store(client, {}, { clock })
    await logOut(here, LAST_USER)
    const before = toldUntil(there, isLast)
    await lookUntilTold(clock, before)
    const { session, token } = await here.create()
    const closed = new Promise<void>((resolve) => there.watch(session, resolve))
    await here.revoke(token)
    for (let number = 0; number < 500; number += 1) {
      await server.cli('XADD', world.key, 'MAXLEN', '100', '*', ...fieldsWith({ seq: String(number) }))
    }
    const gap = toldUntil(there, ({ name }) => name === 'feedGap')
    await lookUntilTold(clock, gap)
    await closed
    expect(there.counters().feedGaps).toBe(1)
  })

  test('T82: without a right or with a key of another kind fails no operation, and is counted', async () => {
    await using world = new FeedWorld()
    await server.cli('SET', world.key, 'mine')
    const store = await world.store(await world.client('ioredis', at(server)))
    const id = await logOut(store)
    await store.close()
    expect(id).toHaveLength(16)
    expect(store.counters()).toMatchObject({ feedUntold: 1, feedGaps: 0 })
    expect(store.counters().feedFailures).toBeGreaterThan(0)
  })

  test('is trimmed, leaves a day after the last event, and holds no user ids if told so', async () => {
    await using world = new FeedWorld()
    const client = await world.client('ioredis', at(server))
    const store = await world.store(client, { maxEntries: 100, userIds: false })
    const made = await Promise.all(Array.from({ length: 400 }, () => store.create({ userId: 'u_1' })))
    expect(made).toHaveLength(400)
    await store.revokeUser('u_1')
    await store.close()
    expect(await server.cli('XLEN', world.key)).toBeLessThan(250)
    expect(Number(await server.cli('PTTL', world.key))).toBeGreaterThan(86_000_000)
    expect(JSON.stringify(await server.cli('XRANGE', world.key, '-', '+'))).not.toContain('u_1')
  })

  test('of a URL has a connection of its own, and leaves neither that nor a timer behind', async () => {
    await using world = new FeedWorld()
    const connections = async () =>
      String(await server.cli('CLIENT', 'LIST'))
        .trim()
        .split('\n').length
    const clock = new TestClock(Date.now())
    const before = await connections()
    const line = redisFeed({ url: server.url, prefix: world.prefix }).open(SILENT, clock)
    await line.listen()
    expect(clock.armed).toBe(1)
    expect(await connections()).toBe(before + 1)
    await line.close()
    expect(clock.armed).toBe(0)
    await until('the end of it', async () => ((await connections()) === before ? true : null), 5_000)
  })

  test.each<[string, object]>([
    ['no client', {}],
    ['both', { client: {}, url: 'redis://localhost' }],
    ['no such client', { client: {} }],
    ['another host without TLS', { url: 'redis://example.com' }],
    ['an unknown option', { url: 'redis://localhost', block: true }],
    ['a prefix with a pattern', { url: 'redis://localhost', prefix: 'a*' }],
    ['no time between two looks', { url: 'redis://localhost', every: 0 }],
    ['hardly any entries', { url: 'redis://localhost', maxEntries: 1 }],
    ['an unknown event', { url: 'redis://localhost', events: ['everything'] }],
    ['users that are neither', { url: 'redis://localhost', userIds: 'no' }],
  ])('T92: with %s is refused', (_name, options: RedisFeedOptions) => {
    expect(() => redisFeed(options)).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

const SILENT = {
  told: () => undefined,
  missed: () => undefined,
  refused: () => undefined,
  failed: () => undefined,
}

/** Lets a look come due again and again, until one has told it. */
async function lookUntilTold(clock: TestClock, told: Promise<unknown>): Promise<void> {
  let isTold = false
  const done = told.then(() => {
    isTold = true
  })
  while (!isTold) {
    clock.advance(200)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await done
}

/** A driver that lost the answers of all it published, and sends it again. */
class RepeatingClient extends PassingClient {
  readonly #again: (args: Command['args']) => Command['args']

  constructor(client: RedisClient, again: (args: Command['args']) => Command['args']) {
    super(client)
    this.#again = again
  }

  override sendAll(commands: readonly Command[]): Promise<Reply>[] {
    const sent = super.sendAll(commands)
    const published = commands.filter(({ args }) => args[0] === 'XADD')
    const repeated = published.map(({ key, args }) => ({ key, args: this.#again(args) }))
    return repeated.length === 0 ? sent : super.sendAll(repeated).concat(sent.slice(repeated.length))
  }
}

/** Every entry comes back as of another origin. */
class EstrangingClient extends PassingClient {
  override sendAll(commands: readonly Command[]): Promise<Reply>[] {
    return super.sendAll(commands).map(async (reply) => estranged(await reply))
  }
}

function estranged(reply: Reply): Reply {
  if (!Array.isArray(reply)) return reply
  return reply.map((each: unknown, index) => {
    const isOrigin = index === 3 && String(reply[2]) === 'origin'
    return isOrigin ? Buffer.from(`x${String(each).slice(1)}`) : estranged(each)
  })
}

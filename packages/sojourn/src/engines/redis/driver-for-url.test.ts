import { once } from 'node:events'
import { createServer } from 'node:net'
import { type RedisServer, startCluster, startRedis, startSentinel, until } from 'sojourn-servers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { SessionError } from '../../core/errors.ts'
import type { Engine } from '../../core/port.ts'
import { NOW, sample, sampleUser } from '../../testing/sample.ts'
import type { Place } from './clients.test-support.ts'
import type { DriverName } from './driver-for-url.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'
import type { RedisOptions } from './redis-options.ts'
import { TOPOLOGIES, type Topology, type TopologyName } from './topologies.test-support.ts'

const DRIVERS: readonly DriverName[] = ['ioredis', 'iovalkey', 'node-redis']
const NAMES: readonly TopologyName[] = ['one server', 'Sentinel', 'Cluster']
const SECRET = 'not-to-be-seen'
/** Reads nothing, and fails where nobody answers. */
const ASKED = [sample().id]
/** Longer than any driver looks around, shorter than anybody waits. */
const SETTLED_MS = 15_000

const engines: Engine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()))
})

async function opened(url: string, options: Omit<RedisOptions, 'url' | 'client'> = {}): Promise<Engine> {
  const engine = await redis({ url, ...options })
  engines.push(engine)
  return engine
}

/** How the place is written as a URL. */
function urlOf(place: Place, access = ''): string {
  const listed = (nodes: readonly { readonly host: string; readonly port: number }[]) =>
    nodes.map(({ host, port }) => `${host}:${port}`).join()
  if (place.kind === 'server') return `redis://${access}${listed([place.at])}`
  if (place.kind === 'cluster') return `redis+cluster://${access}${listed(place.nodes)}`
  return `redis+sentinel://${access}${listed(place.sentinels)}/${place.name}`
}

/** What went wrong with a read, as text; null when nothing did. */
function failureOf(engine: Engine): Promise<string | null> {
  return engine.read(ASKED).then(() => null, textOf)
}

function textOf(error: unknown): string {
  expect(error).toBeInstanceOf(SessionError)
  return `${error} ${JSON.stringify(error)}`
}

describe.each(NAMES)('a URL of %s', (name) => {
  let topology: Topology
  let access: string
  beforeAll(async () => {
    topology = await TOPOLOGIES[name]()
    access = `${topology.login?.username}:${topology.login?.password}@`
  }, 60_000)
  afterAll(() => topology.stop())

  test.each(DRIVERS)('makes a client of %s that reads, writes, lists and ends', async (driver) => {
    const engine = await opened(urlOf(topology.place, access), { driver, prefix: freshPrefix() })
    const record = sample()
    expect(await engine.create(record, null, NOW)).toMatchObject({ outcome: 'done' })
    expect(await engine.read([record.id])).toMatchObject([{ id: record.id, userId: record.userId }])
    expect(await engine.list(sampleUser(), NOW)).toMatchObject([{ id: record.id }])
    expect(await engine.end(record.id, 'revoked', NOW)).toBe(true)
  })

  test('makes one of whichever driver is installed', async () => {
    const engine = await opened(urlOf(topology.place, access), { prefix: freshPrefix() })
    expect(await engine.read(ASKED)).toEqual([null])
  })
})

/** Servers, and the one without which the others are not found. */
interface Fragile {
  readonly place: Place
  readonly first: RedisServer
  stop(): Promise<void>
}

const FRAGILE: Readonly<Record<TopologyName, () => Promise<Fragile>>> = {
  'one server': async () => {
    const first = await startRedis()
    const { host, port } = first
    return { place: { kind: 'server', at: { host, port } }, first, stop: () => first.stop() }
  },
  Sentinel: async () => {
    const group = await startSentinel({ replicas: 0, sentinels: 1 })
    const [first] = group.sentinels
    if (first === undefined) throw new Error('The group has no Sentinel.')
    const sentinels = [{ host: first.host, port: first.port }]
    return { place: { kind: 'sentinel', sentinels, name: group.name }, first, stop: () => group.stop() }
  },
  Cluster: async () => {
    const cluster = await startCluster({ primaries: 1, replicas: 0 })
    const [first] = cluster.servers
    if (first === undefined) throw new Error('The cluster has no server.')
    return { place: { kind: 'cluster', nodes: cluster.nodes }, first, stop: () => cluster.stop() }
  },
}

describe.each(NAMES)('T86: a client of a URL of %s that is not there yet', (name) => {
  let fragile: Fragile
  beforeAll(async () => {
    fragile = await FRAGILE[name]()
  }, 60_000)
  afterAll(() => fragile.stop())

  test('fails in bounded time over each driver, leaves nothing waiting, and recovers by itself', async () => {
    await fragile.first.kill()
    const url = urlOf(fragile.place)
    const early = await Promise.all(DRIVERS.map((driver) => opened(url, { driver })))
    const doomed = await Promise.all(DRIVERS.map((driver) => redis({ url, driver })))
    const begunAt = performance.now()
    const calls = [...early, ...doomed].flatMap((engine) => [failureOf(engine), failureOf(engine)])
    for (const failure of await Promise.all(calls)) {
      expect(failure).toMatch(/^SessionError: The engine did not answer in time/)
    }
    await Promise.all(doomed.map((engine) => engine.close()))
    expect(performance.now() - begunAt).toBeLessThan(SETTLED_MS)
    await fragile.first.restart()
    for (const engine of early) {
      const answers = async () => ((await failureOf(engine)) === null ? true : null)
      expect(await until('the engine answers', answers, SETTLED_MS)).toBe(true)
    }
  })
})

describe('T98: a wrong password in a URL', () => {
  const PASSWORD = 'the-right-one'
  let servers: readonly (readonly [TopologyName, Place, () => Promise<void>])[] = []
  beforeAll(async () => {
    const one = await startRedis({ users: ['default off', `shop on >${PASSWORD} ~* +@all`] })
    const cluster = await startCluster({ primaries: 1, replicas: 0 })
    for (const server of cluster.servers) {
      await server.cli('ACL', 'SETUSER', 'shop', 'on', `>${PASSWORD}`, '~*', '+@all')
      await server.cli('ACL', 'SETUSER', 'default', 'off')
    }
    servers = [
      ['one server', { kind: 'server', at: { host: one.host, port: one.port } }, () => one.stop()],
      ['Cluster', { kind: 'cluster', nodes: cluster.nodes }, () => cluster.stop()],
    ]
  }, 60_000)
  afterAll(async () => {
    await Promise.all(servers.map(([, , stop]) => stop()))
  })

  test.each(DRIVERS)('is named by %s as what it is, and shown by nobody', async (driver) => {
    for (const [name, place] of servers) {
      const right = await opened(urlOf(place, `shop:${PASSWORD}@`), { driver })
      expect([name, await failureOf(right)]).toEqual([name, null])
      const failure = await opened(urlOf(place, `shop:${SECRET}@`), { driver }).then(failureOf, textOf)
      expect([name, failure]).toEqual([name, expect.stringMatching(/password/)])
      expect(failure).not.toContain(SECRET)
    }
  })
})

describe('T90: rediss', () => {
  const HANDSHAKE = 0x16
  const FORMS = [
    ['rediss://', ''],
    ['rediss+sentinel://', '/name'],
    ['rediss+cluster://', ''],
  ] as const

  test.each(DRIVERS)('makes %s begin with a TLS handshake, wherever it is', async (driver) => {
    for (const [form, path] of FORMS) {
      const listener = createServer().listen(0, '127.0.0.1')
      await once(listener, 'listening')
      const first = new Promise<Buffer>((resolve) => {
        listener.on('connection', (socket) => {
          socket.on('error', () => undefined)
          socket.once('data', (bytes) => {
            resolve(bytes)
            socket.destroy()
          })
        })
      })
      const address = listener.address()
      const port = typeof address === 'object' ? address?.port : 0
      const engine = redis({ url: `${form}:${SECRET}@127.0.0.1:${port}${path}`, driver })
      const bytes = await first
      expect([form, bytes[0]]).toEqual([form, HANDSHAKE])
      expect(bytes.includes(SECRET)).toBe(false)
      listener.close()
      await (await engine).close()
    }
  })
})

test.each([
  [{ url: 'redis://127.0.0.1', driver: 'redis' }],
  [{ url: 'redis://127.0.0.1', driver: 'toString' }],
  [{ driver: 'ioredis' }],
])('a driver that there is not, or without a URL, is refused: %j', async (options) => {
  await expect(redis(JSON.parse(JSON.stringify(options)))).rejects.toThrow(
    /driver is ioredis|either a client/,
  )
})

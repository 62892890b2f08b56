import { once } from 'node:events'
import { createServer } from 'node:net'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { type RedisServer, startRedis, until } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grant, type OpenDriver, PASSWORD } from './acl.test-support.ts'
import { aclRule, doctorRule } from './acl.ts'
import { doctor } from './doctor.ts'
import { LIBRARY } from './scripts.gen.ts'

const SLOTS = [
  ['0', '8191'],
  ['8192', '16383'],
] as const

/** Two primaries are enough to tell one server from each. */
let servers: readonly RedisServer[]
beforeAll(async () => {
  servers = await Promise.all(SLOTS.map(startPrimary))
  const [first, second] = servers
  if (first === undefined || second === undefined) throw new Error('Two servers were to start.')
  await first.cli('CLUSTER', 'MEET', second.host, second.port, await busPortOf(second))
  for (const server of servers) {
    await until('the cluster is up', () => isUp(server), 20_000)
    await grant(server, aclRule({ cluster: true }))
    await grant(server, doctorRule({ cluster: true, functions: true }))
  }
}, 30_000)
afterAll(async () => {
  for (const server of servers) await server.stop()
})

async function startPrimary([first, last]: readonly [string, string]): Promise<RedisServer> {
  const server = await startRedis({
    config: {
      'cluster-enabled': 'yes',
      'cluster-config-file': 'nodes.conf',
      'cluster-port': await freePort(),
    },
  })
  await server.cli('CLUSTER', 'ADDSLOTSRANGE', first, last)
  return server
}

async function busPortOf(server: RedisServer): Promise<number> {
  const [, port = 0] = [await server.cli('CONFIG', 'GET', 'cluster-port')].flat()
  return Number(port)
}

async function isUp(server: RedisServer): Promise<true | null> {
  const info = String(await server.cli('CLUSTER', 'INFO'))
  return /cluster_state:ok/.test(info) && /cluster_known_nodes:2/.test(info) ? true : null
}

async function freePort(): Promise<number> {
  const socket = createServer().listen(0, '127.0.0.1')
  await once(socket, 'listening')
  const address = socket.address()
  socket.close()
  await once(socket, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function ioredisCluster(username: string): Promise<OpenDriver> {
  const nodes = servers.map(({ host, port }) => ({ host, port }))
  const driver = new Cluster(nodes, {
    lazyConnect: true,
    redisOptions: { username, password: PASSWORD, enableReadyCheck: false },
  })
  driver.on('error', () => undefined)
  await driver.connect()
  return {
    driver,
    send: (name = '', ...args) => driver.call(name, ...args),
    close: () => driver.disconnect(),
  }
}

async function nodeRedisCluster(username: string): Promise<OpenDriver> {
  const driver = createCluster({
    rootNodes: servers.map(({ host, port }) => ({ socket: { host, port } })),
    defaults: { username, password: PASSWORD },
  })
  driver.on('error', () => undefined)
  await driver.connect()
  const send = (...args: readonly string[]) => driver.sendCommand(args[1], false, [...args])
  return { driver, send, close: () => driver.destroy() }
}

describe.each([
  ['ioredis', ioredisCluster],
  ['node-redis', nodeRedisCluster],
] as const)('a cluster with %s', (_name, connect) => {
  test('T87: is reached under the rule, on each of its servers', async () => {
    const { send, close } = await connect('sojourn')
    for (const bucket of ['Ab', 'AA', 'AB', 'AC', 'AD', 'AE', 'AF']) {
      expect(await send('GET', `sojourn:{${bucket}}:s:none`)).toBeNull()
    }
    close()
  })

  test('is looked at server by server, and the one that is set wrongly is named', async () => {
    const [, wrong] = servers
    await wrong?.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const { driver, close } = await connect('doctor')
    const findings = await doctor(driver, { now: Date.now, acl: { user: 'sojourn' } })
    close()
    expect(new Set(findings.map(({ node }) => node))).toEqual(
      new Set(servers.map(({ host, port }) => `${host}:${port}`)),
    )
    const evicting = findings.filter(({ check, verdict }) => check === 'eviction' && verdict === 'fail')
    expect(evicting.map(({ node }) => node)).toEqual([`${wrong?.host}:${wrong?.port}`])
    expect(findings.filter(({ check, verdict }) => check === 'rights' && verdict !== 'ok')).toEqual([])
  })
  test('T91: is looked at for the library on each server, and the one without it is named', async () => {
    const [first, second] = servers
    await first?.cli('FUNCTION', 'LOAD', 'REPLACE', LIBRARY.source)
    const { driver, close } = await connect('doctor')
    const findings = await doctor(driver, { now: Date.now, acl: { user: 'sojourn', functions: true } })
    close()
    const library = findings.filter(({ check }) => check === 'library')
    expect(library.map(({ node, verdict }) => [node, verdict]).sort()).toEqual(
      [
        [`${first?.host}:${first?.port}`, 'ok'],
        [`${second?.host}:${second?.port}`, 'fail'],
      ].sort(),
    )
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from './command.ts'
import { type RedisCluster, startCluster } from './redis-cluster.ts'
import type { RedisServer } from './redis-server.ts'
import { roleOf } from './role.ts'
import { until } from './until.ts'

const LIMIT_MS = 10_000
const KEYS = ['{tag}:1', '{tag}:2', '{tag}:3']
/** Of the hash tag: CRC16 of `tag`, by CLUSTER KEYSLOT. */
const SLOT = 8338
let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster({ proxied: true })
})
afterAll(() => cluster.stop())

/** The error that a server answers; null when it answers something else. */
async function errorOf(server: RedisServer, ...args: readonly string[]): Promise<string | null> {
  return server.cli(...args).then(
    () => null,
    (error: Error) => error.message,
  )
}

/** The tests go on from each other: a cluster takes seconds to come together. */
describe('a cluster', () => {
  test('is ready when all nodes agree, slots are dealt out and replicas are in sync', async () => {
    const owners = await Promise.all(
      [0, 5461, 5462, 10_922, 10_923, 16_383].map((slot) => cluster.ownerOf(slot)),
    )
    expect(new Set(owners).size).toBe(3)
    for (const owner of new Set(owners)) {
      const [replica, ...more] = await cluster.replicasOf(owner)
      expect(more).toEqual([])
      expect(replica && (await roleOf(replica))).toEqual({
        is: 'replica',
        primaryPort: cluster.addressOf(owner).port,
        isSynced: true,
      })
    }
    for (const server of cluster.servers) {
      expect(await server.cli('CLUSTER', 'INFO')).toMatch(/cluster_state:ok\r\ncluster_slots_assigned:16384/)
    }
  })

  test('sends clients from proxy to proxy, and its own traffic is not counted there', async () => {
    expect(await cluster.slotOf('{tag}:1')).toBe(SLOT)
    const owner = await cluster.ownerOf(SLOT)
    const other = cluster.servers.find((server) => server !== owner)
    const { host, port } = cluster.addressOf(owner)
    expect(port).not.toBe(owner.port)
    expect(other && (await errorOf(other, 'GET', '{tag}:1'))).toBe(`MOVED ${SLOT} ${host}:${port}`)
    expect(cluster.nodes).toContainEqual({ host, port })
    expect(cluster.proxyOf(owner).counters.connections).toBe(0)
    expect(await command({ host, port }, ['GET', '{tag}:1'])).toBe(null)
    expect(cluster.proxyOf(owner).counters).toMatchObject({ connections: 1, roundTrips: 1 })
  })

  test('moves a slot step by step: ASK and TRYAGAIN in between, MOVED after', async () => {
    const from = await cluster.ownerOf(SLOT)
    const to = await cluster.ownerOf(0)
    expect(to).not.toBe(from)
    for (const key of KEYS) await from.cli('SET', key, key)
    const move = await cluster.moveSlot(SLOT, to)
    await move.begin()
    expect(await from.cli('MGET', ...KEYS)).toEqual(KEYS)
    expect(await move.migrate(2)).toBe(2)
    const { host, port } = cluster.addressOf(to)
    const answers = await Promise.all(KEYS.map((key) => errorOf(from, 'GET', key)))
    expect(answers.filter((answer) => answer === `ASK ${SLOT} ${host}:${port}`).length).toBe(2)
    expect(await errorOf(from, 'MGET', ...KEYS)).toMatch(/^TRYAGAIN/)
    expect(await errorOf(to, 'GET', '{tag}:1')).toMatch(/^MOVED/)
    expect(await move.migrate()).toBe(1)
    expect(await move.migrate()).toBe(0)
    await move.finish()
    expect(await to.cli('MGET', ...KEYS)).toEqual(KEYS)
    expect(await errorOf(from, 'GET', '{tag}:1')).toBe(`MOVED ${SLOT} ${host}:${port}`)
    await cluster.settled()
    expect(await cluster.ownerOf(SLOT)).toBe(to)
  })

  test('moves a slot in one go, with more keys than a step holds', async () => {
    const from = await cluster.ownerOf(SLOT)
    const to = await cluster.ownerOf(16_383)
    const many = Array.from({ length: 250 }, (_, index) => [`{tag}:m${index}`, 'x'])
    await from.cli('MSET', ...many.flat())
    const move = await cluster.moveSlot(SLOT, to)
    await move.run()
    expect(await to.cli('CLUSTER', 'COUNTKEYSINSLOT', SLOT)).toBe(KEYS.length + many.length)
    expect(await from.cli('CLUSTER', 'COUNTKEYSINSLOT', SLOT)).toBe(0)
    await cluster.settled()
    expect(await cluster.ownerOf(SLOT)).toBe(to)
  })

  test('elects a replica when a primary is killed, and takes it back as one', async () => {
    const old = await cluster.ownerOf(SLOT)
    const [replica] = await cluster.replicasOf(old)
    expect(await until('the replica has the write', () => replicated(replica), LIMIT_MS)).toBe('{tag}:1')
    await old.kill()
    const next = await cluster.nextOwner(SLOT, old)
    expect(next).toBe(replica)
    expect(await next.cli('GET', '{tag}:1')).toBe('{tag}:1')
    await old.restart()
    await cluster.settled()
    expect(await cluster.replicasOf(next)).toEqual([old])
  })

  test('elects a replica when a primary is paused', async () => {
    const old = await cluster.ownerOf(SLOT)
    old.pause()
    const next = await cluster.nextOwner(SLOT, old)
    old.resume()
    await cluster.settled()
    expect(await roleOf(old)).toMatchObject({ is: 'replica', primaryPort: cluster.addressOf(next).port })
  })

  test('waits in vain for a fail-over that does not come, and says so', async () => {
    // What it asks for is another owner, and for who was never the owner that is true at once.
    await expect(cluster.nextOwner(SLOT, await cluster.ownerOf(0), 0)).resolves.toBeDefined()
    await expect(cluster.nextOwner(SLOT, await cluster.ownerOf(SLOT), 300)).rejects.toThrow(
      /Not within 300 ms/,
    )
  })
})

async function replicated(replica: RedisServer | undefined): Promise<string | null> {
  if (replica === undefined) return null
  // A replica sends readers of a key away; of its slots it answers for itself.
  const reply = await replica.cli('CLUSTER', 'GETKEYSINSLOT', SLOT, 1_000)
  return Array.isArray(reply) ? (reply.map(String).find((key) => key === '{tag}:1') ?? null) : null
}

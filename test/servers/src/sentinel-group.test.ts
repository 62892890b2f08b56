import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from './command.ts'
import type { RedisServer } from './redis-server.ts'
import { roleOf } from './role.ts'
import { type SentinelGroup, startSentinel } from './sentinel-group.ts'
import { RawClient } from './socket.test-support.ts'
import { until } from './until.ts'

const LIMIT_MS = 10_000
let group: SentinelGroup
beforeAll(async () => {
  group = await startSentinel({ proxied: true })
})
afterAll(() => group.stop())

async function replicaConnections(server: RedisServer): Promise<readonly string[]> {
  const list = String(await server.cli('CLIENT', 'LIST', 'TYPE', 'replica'))
  return [...list.matchAll(/^id=(\d+)/gm)].map(([, id = '']) => id)
}

/** The tests go on from each other: a group takes seconds to come together. */
describe('a Sentinel group', () => {
  test('is ready when replicas are in sync and Sentinels know each other', async () => {
    const primary = await group.primary()
    const replicas = await group.replicas()
    expect(await roleOf(primary)).toEqual({ is: 'primary', replicas: 2 })
    expect(replicas.length).toBe(2)
    await primary.cli('SET', 'a', 1)
    for (const replica of replicas) {
      expect(await until('the write arrives', () => replica.cli('GET', 'a'), LIMIT_MS)).toBe('1')
    }
    for (const sentinel of group.sentinels) {
      expect(await sentinel.cli('SENTINEL', 'CKQUORUM', group.name)).toMatch(/^OK 3 usable Sentinels/)
    }
  })

  test('names addresses of proxies, and its own traffic is not counted there', async () => {
    const primary = await group.primary()
    const { host, port } = group.addressOf(primary)
    expect(port).not.toBe(primary.port)
    for (const { host: at, port: sentinel } of group.sentinels) {
      const named = await command({ host: at, port: sentinel }, [
        'SENTINEL',
        'GET-MASTER-ADDR-BY-NAME',
        group.name,
      ])
      expect(named).toEqual([host, String(port)])
    }
    expect(await primary.cli('CLIENT', 'LIST', 'TYPE', 'replica')).toMatch(/flags=S/)
    expect(group.proxyOf(primary).counters.connections).toBe(0)
    await command({ host, port }, ['GET', 'a'])
    expect(group.proxyOf(primary).counters).toMatchObject({ connections: 1, roundTrips: 1 })
  })

  test('keeps its own connections when clients are cut off', async () => {
    const primary = await group.primary()
    const before = await replicaConnections(primary)
    const proxy = group.proxyOf(primary)
    const client = await RawClient.open(proxy.port)
    proxy.cut()
    expect(await client.ends()).toBe('ECONNRESET')
    expect(await replicaConnections(primary)).toEqual(before)
    expect(before.length).toBe(2)
  })

  test('elects another primary when it is killed, and takes it back as a replica', async () => {
    const old = await group.primary()
    await old.kill()
    const next = await group.nextPrimary(old)
    expect(await next.cli('SET', 'a', 2)).toBe('OK')
    expect(await next.cli('GET', 'a')).toBe('2')
    // A Sentinel that has not heard of the election yet would make the old one primary again.
    await group.settled()
    await old.restart()
    await group.settled()
    expect(await roleOf(old)).toEqual({
      is: 'replica',
      primaryPort: group.addressOf(next).port,
      isSynced: true,
    })
    expect(await old.cli('GET', 'a')).toBe('2')
  })

  test('waits in vain for a fail-over that does not come, and says so', async () => {
    await expect(group.nextPrimary(await group.primary(), 300)).rejects.toThrow(/Not within 300 ms/)
  })
})

test('a group that cannot start leaves nothing running', async () => {
  await expect(startSentinel({ config: { nonsense: 1 } })).rejects.toThrow(/Bad directive/)
})

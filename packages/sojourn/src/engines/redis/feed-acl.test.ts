import { type RedisServer, startCluster } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSessionStore } from '../../core/create-session-store.ts'
import { grant, ioredisAs, nodeRedisAs, PASSWORD, serverWithUsers } from './acl.test-support.ts'
import { aclRule, feedReaderRule, rightsOf } from './acl.ts'
import { openClient } from './clients.test-support.ts'
import { doctor } from './doctor.ts'
import { isLast, LAST_USER, logOut, OFTEN, toldUntil } from './feed.test-support.ts'
import { redisFeed } from './feed.ts'
import { feedKey } from './feed-key.ts'
import { readFeed } from './feed-reading.ts'
import { redis } from './redis.ts'

/** The rights that the feed adds. */
const ADDED = rightsOf({ feed: true })
  .map(({ rule }) => rule)
  .filter((rule) => !rightsOf({}).some((right) => right.rule === rule))

const storeOf = async (client: Awaited<ReturnType<typeof ioredisAs>>['driver'], prefix = 'sojourn') =>
  createSessionStore<object>({
    engine: redis({ client, prefix }),
    feed: redisFeed({ client, prefix, ...OFTEN }),
    sweep: false,
  })

/** The commands that were refused since the log was reset. */
async function refused(server: RedisServer): Promise<string[]> {
  const text = JSON.stringify(await server.cli('ACL', 'LOG'))
  return [...text.matchAll(/"object","([^"]+)"/g)].map(([, name = '']) => name)
}

describe.each([
  ['ioredis', ioredisAs],
  ['node-redis', nodeRedisAs],
] as const)('with %s under the rule', (_name, connect) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await serverWithUsers({ feed: true })
    await grant(server, aclRule({ user: 'without' }))
    await grant(server, feedReaderRule())
  })
  afterAll(() => server.stop())

  test('T87: the feed needs exactly the rights that it adds', async () => {
    expect(ADDED).toEqual(['+xadd', '+xrange', '+xrevrange'])
    const [a, b] = [await connect(server, 'sojourn'), await connect(server, 'sojourn')]
    await server.cli('CONFIG', 'RESETSTAT')
    await server.cli('ACL', 'LOG', 'RESET')
    const [here, there] = [await storeOf(a.driver), await storeOf(b.driver)]
    const told = toldUntil(there, isLast)
    await logOut(here, LAST_USER)
    expect(await told).toHaveLength(1)
    for (const store of [here, there]) await store.close()
    expect(await refused(server)).toEqual([])
    const stats = String(await server.cli('INFO', 'commandstats'))
    expect(ADDED.filter((rule) => !stats.includes(`cmdstat_${rule.slice(1)}:`))).toEqual([])
    for (const each of [a, b]) each.close()
  })

  test('doctor finds neither a strange key nor a right too many', async () => {
    const client = await connect(server, 'sojourn')
    const store = await storeOf(client.driver)
    await logOut(store)
    await store.close()
    client.close()
    const asking = await connect(server, 'doctor')
    const acl = { user: 'sojourn', feed: true }
    const findings = await doctor(asking.driver, { now: Date.now, acl })
    const verdictOf = (name: string) => findings.find(({ check }) => check === name)?.verdict
    expect([verdictOf('keys'), verdictOf('rights')]).toEqual(['ok', 'ok'])
    const without = await doctor(asking.driver, { now: Date.now, acl: { ...acl, user: 'without' } })
    expect(without.find(({ check }) => check === 'rights')?.found).toContain('+xadd +xrange +xrevrange')
    asking.close()
  })

  test('T87: without them the store works, and counts what it could not tell', async () => {
    const client = await connect(server, 'without')
    const store = await storeOf(client.driver)
    await logOut(store)
    await store.close()
    expect(store.counters()).toMatchObject({ feedUntold: 1, feedFailures: expect.any(Number) })
    client.close()
  })

  test('T88: a service that only reads the feed can do nothing else', async () => {
    const writer = await connect(server, 'sojourn')
    const reader = await connect(server, 'sojourn-feed')
    const store = await storeOf(writer.driver)
    const id = await logOut(store, LAST_USER)
    await store.close()
    for await (const item of readFeed({ client: reader.driver, from: 'oldest', ...OFTEN })) {
      if ('id' in item && item.id === id) break
    }
    const session = `sojourn:{${id.slice(0, 2)}}:s:${id}`
    for (const command of [
      `XADD ${feedKey('sojourn')} * v 1`,
      `XTRIM ${feedKey('sojourn')} MAXLEN 0`,
      `DEL ${feedKey('sojourn')}`,
      `GET ${session}`,
      `XRANGE ${session} - +`,
      'KEYS *',
    ]) {
      await expect(reader.send(...command.split(' '))).rejects.toThrow(/^NOPERM/)
    }
    for (const each of [writer, reader]) each.close()
  })
})

test('T92: the rule of a reader takes no prefix or user that is a pattern', () => {
  expect(feedReaderRule()).toBe(
    'ACL SETUSER sojourn-feed on clearselectors resetkeys resetchannels -@all %R~sojourn:{--}:events +xrange ' +
      '+xrevrange +ping +hello +auth +client|setname',
  )
  expect(() => feedReaderRule({ prefix: '*' })).toThrow(/prefix/)
  expect(() => feedReaderRule({ user: '*' })).toThrow(/user/)
  expect(feedReaderRule({ server: '7.2', cluster: true })).toContain('+cluster|shards +asking')
})

test('T62, T87: in a cluster a log-out is told from one driver to the other, under the rule', async () => {
  const cluster = await startCluster()
  const rule = aclRule({ feed: true, cluster: true })
  await Promise.all(cluster.servers.map((server) => grant(server, rule)))
  const login = { username: 'sojourn', password: PASSWORD }
  const place = { kind: 'cluster', nodes: cluster.nodes } as const
  const clients = [await openClient('ioredis', place, login), await openClient('node-redis', place, login)]
  try {
    const [here, there] = await Promise.all(clients.map(({ driver }) => storeOf(driver)))
    if (here === undefined || there === undefined) throw new Error('There are two.')
    for (const [from, to] of [[here, there] as const, [there, here] as const]) {
      const told = toldUntil(to, isLast)
      const { session, token } = await from.create({ userId: 'u_1' })
      const closed = new Promise<void>((resolve) => to.watch(session, resolve))
      await from.revoke(token)
      await logOut(from, LAST_USER)
      const first = (await told)[0]
      expect(first).toMatchObject({ name: 'ended', id: session.id, remote: true })
      await closed
    }
    for (const store of [here, there]) {
      await store.close()
      expect(store.counters()).toMatchObject({ feedUntold: 0, feedFailures: 0, feedGaps: 0 })
    }
  } finally {
    for (const client of clients) client.close()
    await cluster.stop()
  }
})

import { type RedisServer, type RedisServerOptions, startRedis } from 'sojourn-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { statusOf } from '../../http/problem.ts'
import { NOW, next, numbered, sample, sampleId, sampleUser } from '../../testing/sample.ts'
import { CLIENTS, failureOfCall, Opening, recovered, secretsIn, WAYS } from './fault.test-support.ts'

const PASSWORD = 'a-password-that-nobody-may-read'
const LIMIT_MS = 1_000

let opening: Opening
beforeEach(() => {
  opening = new Opening()
})
afterEach(() => opening.close())

async function start(options: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  opening.also(() => server.stop())
  return server
}

describe.each(WAYS)('%s, a server that does not let it in', (client) => {
  test.each([
    { why: 'a wrong password', word: /\((WRONGPASS|NOAUTH)\)/, password: PASSWORD },
    { why: 'no password', word: /\(NOAUTH\)/ },
  ])('$why is told within the limit, and ends without a restart', async ({ word, password }) => {
    const server = await start({ users: ['default on >another ~* &* +@all', 'app on >another ~* &* +@all'] })
    const access = password === undefined ? {} : { username: 'app', password }
    const engine = await opening.engine(client, { host: server.host, port: server.port, ...access })
    const store = await opening.store(engine, { lazy: true })
    for (const call of [() => store.create(), () => store.revokeUser('u_1')]) {
      const startedAt = performance.now()
      const failure = await failureOfCall(call())
      expect(performance.now() - startedAt).toBeLessThan(LIMIT_MS + 200)
      expect([failure.code, failure.message]).toEqual(['ENGINE_REFUSED', expect.stringMatching(word)])
      expect(statusOf(failure)).toBe(503)
      expect(secretsIn(failure, [PASSWORD])).toEqual([])
    }
    await server.cli('ACL', 'SETUSER', 'app', 'resetpass', `>${PASSWORD}`)
    await server.cli('ACL', 'SETUSER', 'default', 'nopass')
    await recovered(() => store.create())
  })
})

describe.each(CLIENTS)('%s, a server that is not as it should be', (client) => {
  test('CLUSTERDOWN: a cluster whose slots nobody has', async () => {
    const server = await start({ config: { 'cluster-enabled': 'yes' } })
    const engine = await opening.engine(client, server)
    for (const call of [() => engine.read([sampleId(1)]), () => engine.create(sample(), null, NOW)]) {
      expect(await failureOfCall(call())).toMatchObject({
        code: 'ENGINE_UNAVAILABLE',
        message: expect.stringContaining('CLUSTERDOWN'),
      })
    }
    await server.cli('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
    await recovered(() => engine.create(sample(), null, NOW))
  })

  test('WRONGTYPE: something else under our keys', async () => {
    const server = await start({})
    const engine = await opening.engine(client, server)
    await engine.create(numbered(2), null, NOW)
    await server.cli('RPUSH', `sojourn:{Ab}:s:${sampleId(1)}`, 'a')
    const [index] = [await server.cli('KEYS', '*:u:*')].flat()
    await server.cli('SET', String(index), 'a')
    const calls = [
      () => engine.read([sampleId(1)]),
      () => engine.replace(next(numbered(1)), 1, NOW),
      () => engine.touch(sampleId(1), NOW, NOW + 1),
      () => engine.end(sampleId(1), 'logout', NOW),
      () => engine.end(sampleId(2), 'logout', NOW),
      () => engine.create(numbered(3), null, NOW),
      () => engine.list(sampleUser(), NOW),
      () => engine.endUser(sampleUser(), 'logout', NOW, null),
    ]
    for (const call of calls) {
      const failure = await failureOfCall(call())
      expect([failure.code, failure.message]).toEqual([
        'ENGINE_REFUSED',
        expect.stringContaining('(WRONGTYPE)'),
      ])
    }
    // What is right beside it goes on, and nothing of ours was written over it.
    expect((await engine.read([sampleId(2)]))[0]?.ended).toBeNull()
    expect(await server.cli('GET', String(index))).toBe('a')
    await server.cli('DEL', String(index), `sojourn:{Ab}:s:${sampleId(1)}`)
    expect(await engine.create(numbered(1), null, NOW)).toEqual({ outcome: 'done', ended: [] })
  })

  test('T98: a server that repeats what it was sent', async () => {
    const server = await start({ config: { 'rename-command': 'EVALSHA ""' } })
    const engine = await opening.engine(client, server)
    const failure = await failureOfCall(engine.create(sample({ data: Buffer.from(PASSWORD) }), null, NOW))
    expect(failure.code).toBe('ENGINE_REFUSED')
    expect(secretsIn(failure, [PASSWORD, sampleId(1), sample().digest])).toEqual([])
  })
})

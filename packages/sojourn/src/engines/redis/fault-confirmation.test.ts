import { type RedisServer, startProxy, startRedis, until } from 'sojourn-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NOW, numbered, sample, sampleId } from '../../testing/sample.ts'
import { CLIENTS, failureOfCall, Opening, outcomeOf, placeOf, recovered } from './fault.test-support.ts'

const LIMIT_MS = 10_000
const REPLICATED = { durability: 'replicated', confirmWithin: 2_000 } as const

let opening: Opening
let server: RedisServer
beforeEach(async () => {
  opening = new Opening()
  server = await startRedis({ users: ['default on nopass ~* &* +@all'] })
  opening.also(() => server.stop())
})
afterEach(() => opening.close())

async function follow(): Promise<RedisServer> {
  const replica = await startRedis()
  opening.also(() => replica.stop())
  await replica.cli('REPLICAOF', server.host, server.port)
  const isFollowed = async () =>
    String(await server.cli('INFO', 'replication')).includes('state=online') ? true : null
  await until('the replica follows', isFollowed, LIMIT_MS)
  return replica
}

/** The connection that waits for a confirmation. */
function waiting(): Promise<string> {
  const found = async () => {
    const list = String(await server.cli('CLIENT', 'LIST'))
    const line = list.split('\n').find((each) => each.includes(' cmd=wait '))
    return /^id=(\d+)/.exec(line ?? '')?.[1] ?? null
  }
  return until('a client waits', found, LIMIT_MS)
}

describe.each(CLIENTS)('%s, a write that waits for a replica', (client) => {
  test('is of unknown outcome without one, and done with one', async () => {
    const engine = await opening.engine(client, server, { ...REPLICATED, confirmWithin: 50 })
    const failure = await failureOfCall(engine.create(numbered(1), null, NOW))
    expect([failure.code, failure.message]).toEqual([
      'OUTCOME_UNKNOWN',
      expect.stringContaining('0 of 1 replicas confirmed the write within 50 ms'),
    ])
    const replica = await follow()
    let number = 1
    await recovered(() => engine.create(numbered(++number), null, NOW))
    expect(await replica.cli('EXISTS', `sojourn:{Ab}:s:${sampleId(number)}`)).toBe(1)
  })

  test('is sent again where the server stops waiting because it is a primary no more', async () => {
    await follow()
    await server.cli('CONFIG', 'SET', 'min-replicas-to-write', 0)
    const engine = await opening.engine(client, server, { ...REPLICATED, replicas: 2 })
    const created = engine.create(sample(), null, NOW)
    await server.cli('CLIENT', 'UNBLOCK', await waiting(), 'ERROR')
    await follow()
    expect(await created).toEqual({ outcome: 'done', ended: [] })
  })

  test('is of unknown outcome, and not refused, where only the confirmation is refused', async () => {
    await server.cli('ACL', 'SETUSER', 'default', '-wait')
    const engine = await opening.engine(client, server, REPLICATED)
    const failure = await failureOfCall(engine.create(sample(), null, NOW))
    expect([failure.code, failure.message]).toEqual(['OUTCOME_UNKNOWN', expect.stringContaining('(NOPERM)')])
    expect((await engine.read([sample().id]))[0]?.id).toBe(sample().id)
  })

  test('is sent again when the connection breaks before the confirmation comes', async () => {
    await follow()
    const proxy = await startProxy({ to: server })
    opening.also(() => proxy.stop())
    const engine = await opening.engine(client, placeOf(proxy), REPLICATED)
    await engine.create(numbered(1), null, NOW)
    const cut = proxy.cutAfterRequest('WAIT')
    expect(await engine.end(sampleId(1), 'logout', NOW + 1)).toBe(true)
    await cut
  })

  test('is of unknown outcome, too, when it finds the session ended by somebody whom nobody confirmed', async () => {
    const other = await opening.engine(client, server)
    await other.create(sample(), null, NOW)
    await other.end(sample().id, 'logout', NOW + 1)
    const engine = await opening.engine(client, server, { ...REPLICATED, confirmWithin: 50 })
    expect(await outcomeOf(engine.end(sample().id, 'logout', NOW + 2))).toBe('OUTCOME_UNKNOWN')
    await follow()
    await recovered(() => engine.end(sample().id, 'logout', NOW + 3))
    expect(await engine.end(sample().id, 'logout', NOW + 3)).toBe(false)
  })
})

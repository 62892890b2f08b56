import { type RedisServer, startRedis, until } from 'sojourn-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NOW, numbered } from '../../testing/sample.ts'
import { CLIENTS, Opening, outcomeOf } from './fault.test-support.ts'

const LIMIT_MS = 10_000

let opening: Opening
let server: RedisServer
let replica: RedisServer
beforeEach(async () => {
  opening = new Opening()
  server = await startRedis()
  opening.also(() => server.stop())
  replica = await startRedis()
  opening.also(() => replica.stop())
  await replica.cli('REPLICAOF', server.host, server.port)
  const isFollowed = async () =>
    String(await server.cli('INFO', 'replication')).includes('state=online') ? true : null
  await until('the replica follows', isFollowed, LIMIT_MS)
})
afterEach(() => opening.close())

/** The lines of clients that have sent this command last; all without one. */
async function clients(command = ''): Promise<string[]> {
  const list = String(await server.cli('CLIENT', 'LIST', 'TYPE', 'normal'))
    .trim()
    .split('\n')
  return list.filter((line) => line.includes(` cmd=${command}`) && !line.includes(' cmd=client|list'))
}

function waiting(): Promise<string> {
  return until('a client waits', async () => (await clients('wait ')).at(0) ?? null, LIMIT_MS)
}

describe.each(CLIENTS)('over %s, no connection is left behind', (name) => {
  test('by writes that went on where a connection had broken', async () => {
    const engine = await opening.engine(name, server, { durability: 'replicated', confirmWithin: 5_000 })
    await engine.create(numbered(0), null, NOW)
    const before = (await clients()).length
    for (const round of [1, 2, 3]) {
      replica.pause()
      const first = outcomeOf(engine.create(numbered(round), null, NOW))
      const line = await waiting()
      const second = outcomeOf(engine.create(numbered(10 + round), null, NOW))
      await new Promise(setImmediate)
      await server.cli('CLIENT', 'KILL', 'ID', /^id=(\d+)/.exec(line)?.[1] ?? '')
      replica.resume()
      expect(await Promise.all([first, second])).toEqual(['done', 'done'])
    }
    const isBack = async () => ((await clients()).length <= before ? true : null)
    await until('the connections that were dropped are closed', isBack, LIMIT_MS)
    await engine.close()
    await until('its own are', async () => ((await clients('wait ')).length === 0 ? true : null), LIMIT_MS)
  })

  test('by writes that a server refuses because it cannot confirm them', async () => {
    const engine = await opening.engine(name, server, { durability: 'fsync' })
    const outcomes = await Promise.all(
      [1, 2, 3].map((number) => outcomeOf(engine.create(numbered(number), null, NOW))),
    )
    outcomes.push(await outcomeOf(engine.create(numbered(4), null, NOW)))
    expect(outcomes).toEqual(Array(4).fill('ENGINE_REFUSED'))
    await until(
      'one is left, the client’s',
      async () => ((await clients()).length === 1 ? true : null),
      LIMIT_MS,
    )
  })
})

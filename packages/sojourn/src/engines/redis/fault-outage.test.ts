import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ClientName, Opening, outcomeOf, recovered, timed, WAYS } from './fault.test-support.ts'

const LIMIT_MS = 1_000
/** What the loop of a busy test machine adds to a limit. */
const SLACK_MS = 300
let opening: Opening
beforeEach(() => {
  opening = new Opening()
})
afterEach(() => opening.close())

async function start(): Promise<RedisServer> {
  const server = await startRedis()
  opening.also(() => server.stop())
  return server
}

async function storeOn(server: RedisServer, client: ClientName | 'a url') {
  const engine = await opening.engine(client, server)
  return opening.store<{ n: number }>(engine, { initial: () => ({ n: 0 }), lazy: true })
}

describe.each(WAYS)('%s, a server that stands still', (client) => {
  test('every call answers within its limit, and calls go on when the server does', async () => {
    const server = await start()
    const store = await storeOn(server, client)
    const { token, session } = await store.create({ userId: 'u_1' })
    server.pause()
    const pausedAt = performance.now()
    while (performance.now() - pausedAt < 1_500) {
      const calls = [
        () => store.read(token),
        () => store.update(session, (draft) => Object.assign(draft, { n: 1 })),
        () => store.create({ userId: 'u_2' }),
        () => store.list({ userId: 'u_1' }),
        () => store.revokeUser('u_3'),
      ]
      const ended = await Promise.all(calls.map(timed))
      for (const { ms } of ended) expect(ms).toBeLessThan(LIMIT_MS + SLACK_MS)
      expect(ended.map(({ outcome }) => outcome)).toEqual([
        'ENGINE_UNAVAILABLE',
        'OUTCOME_UNKNOWN',
        'OUTCOME_UNKNOWN',
        'ENGINE_UNAVAILABLE',
        'OUTCOME_UNKNOWN',
      ])
    }
    server.resume()
    await recovered(() => store.read(token))
    await recovered(() => store.update(token, (draft) => Object.assign(draft, { n: 2 })))
    expect((await store.read(token))?.data).toEqual({ n: 2 })
  })
})

describe.each(WAYS)('%s, a server that is not there', (client) => {
  test('is told within the limit at the start, and found when it comes', async () => {
    const server = await start()
    await server.kill()
    const engine = await opening.engine(client, server)
    const opened = await timed(() => opening.store(engine))
    expect(['ENGINE_UNAVAILABLE', 'OUTCOME_UNKNOWN']).toContain(opened.outcome)
    expect(opened.ms).toBeLessThan(LIMIT_MS + SLACK_MS)
    await server.restart()
    await recovered(() => opening.store(engine))
  })

  test('T77: what waits for it is bounded, and the rest is refused at once', async () => {
    const server = await start()
    const store = await storeOn(server, client)
    const { token } = await store.create()
    server.pause()
    global.gc?.()
    const before = process.memoryUsage().heapUsed
    const calls = Array.from({ length: 30_000 }, () => outcomeOf(store.read(token, { touch: false })))
    const grownBytes = process.memoryUsage().heapUsed - before
    const counts = new Map<string, number>()
    for (const outcome of await Promise.all(calls)) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    expect(counts).toEqual(
      new Map([
        ['OVERLOADED', 20_000],
        ['ENGINE_UNAVAILABLE', 10_000],
      ]),
    )
    expect(grownBytes).toBeLessThan(128 * 2 ** 20)
    server.resume()
    await recovered(() => store.read(token))
  })
})

import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Command, RedisClient, Reply } from './client.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { clientOf } from './driver.ts'
import { fieldsWith, plant } from './feed.test-support.ts'
import { feedKey } from './feed-key.ts'
import { FeedStream } from './feed-stream.ts'
import { PassingClient } from './passing-client.test-support.ts'
import { freshPrefix } from './redis.test-support.ts'

let server: RedisServer
let open: OpenClient
let key: string
beforeAll(async () => {
  server = await startRedis()
  open = await openClient('ioredis', { kind: 'server', at: server })
})
afterAll(async () => {
  open.close()
  await server.stop()
})
beforeEach(() => {
  key = feedKey(freshPrefix())
})

const entries = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => fieldsWith({ seq: String(from + index) }))

/** Everything that is there, page by page; whether anything was missed, and the numbers that were read. */
async function readAll(stream: FeedStream) {
  const numbers: number[] = []
  let isGap = false
  for (let isFull = true; isFull; ) {
    const page = await stream.next()
    numbers.push(...page.entries.map(({ sequence }) => sequence))
    isGap ||= page.isGap
    isFull = page.isFull
  }
  return { isGap, numbers }
}

const NOTHING = { isGap: false, numbers: [] }

/** What can happen to a stream behind its reader's back, and whether entries are lost to it. */
const MISHAPS: readonly (readonly [name: string, mishap: () => Promise<unknown>])[] = [
  ['a trim beyond what was read', () => server.cli('XTRIM', key, 'MAXLEN', '3')],
  ['a trim of everything', () => server.cli('XTRIM', key, 'MAXLEN', '0')],
  ['a deletion', () => server.cli('DEL', key)],
  ['the end of its time', () => server.cli('PEXPIRE', key, '0')],
]

/** Whether a reader of this client notices. */
async function noticed(client: RedisClient, mishap: () => Promise<unknown>): Promise<boolean> {
  await plant(server, key, ...entries(2))
  const stream = new FeedStream(client, key, null)
  await stream.toEnd()
  await plant(server, key, ...entries(5, 2))
  await mishap()
  return (await readAll(stream)).isGap
}

describe('a reader of the stream', () => {
  test('reads what came since, once, over pages', async () => {
    await plant(server, key, ...entries(3))
    const stream = new FeedStream(clientOf(open.driver), key, null)
    await stream.toEnd()
    expect(await readAll(stream)).toEqual(NOTHING)
    await plant(server, key, ...entries(250, 3))
    const { isGap, numbers } = await readAll(stream)
    expect([isGap, numbers.length, numbers[0], numbers.at(-1)]).toEqual([false, 250, 3, 252])
    expect(await readAll(stream)).toEqual(NOTHING)
  })

  test('misses nothing of a stream that was empty when it began', async () => {
    const stream = new FeedStream(clientOf(open.driver), key, null)
    await stream.toEnd()
    expect(await readAll(stream)).toEqual(NOTHING)
    await plant(server, key, ...entries(2))
    expect(await readAll(stream)).toEqual({ isGap: false, numbers: [0, 1] })
  })

  test('of an empty stream does not swear that a hundred were all that came', async () => {
    const stream = new FeedStream(clientOf(open.driver), key, null)
    await stream.toEnd()
    await plant(server, key, ...entries(101))
    expect((await readAll(stream)).isGap).toBe(true)
  })

  test('that has read everything is not told of a gap by a trim of what it has read', async () => {
    await plant(server, key, ...entries(50))
    const stream = new FeedStream(clientOf(open.driver), key, null)
    await stream.toEnd()
    await server.cli('XTRIM', key, 'MAXLEN', '1')
    expect(await readAll(stream)).toEqual(NOTHING)
  })

  test.each(MISHAPS)('notices %s, once, and reads on', async (_name, mishap) => {
    await plant(server, key, ...entries(2))
    const stream = new FeedStream(clientOf(open.driver), key, null)
    await stream.toEnd()
    await plant(server, key, ...entries(5, 2))
    await mishap()
    expect((await readAll(stream)).isGap).toBe(true)
    expect(await readAll(stream)).toEqual(NOTHING)
    await plant(server, key, fieldsWith({ seq: '99' }))
    expect(await readAll(stream)).toEqual({ isGap: false, numbers: [99] })
  })

  test('notices a primary that knows less and counts from an earlier time', async () => {
    await server.cli('XADD', key, '99999999999999-0', ...fieldsWith())
    const stream = new FeedStream(clientOf(open.driver), key, null)
    await stream.toEnd()
    await server.cli('DEL', key)
    await plant(server, key, ...entries(2))
    expect(await readAll(stream)).toEqual({ isGap: true, numbers: [] })
    await plant(server, key, ...entries(1, 7))
    expect(await readAll(stream)).toEqual({ isGap: false, numbers: [7] })
  })

  test('that takes its last entry for granted would be noticed', async () => {
    const [, trim] = MISHAPS[0] ?? []
    if (trim === undefined) throw new Error('There is a trim.')
    expect(await noticed(clientOf(open.driver), trim)).toBe(true)
    key = feedKey(freshPrefix())
    expect(await noticed(new AnchoringClient(clientOf(open.driver)), trim)).toBe(false)
  })

  test.each(['text', [['no id']], [[1, 2]], [['1-1', []], ['no id']], null, 7])(
    'takes %j for no page, and stays where it was',
    async (reply) => {
      const stream = new FeedStream(new AnsweringClient(clientOf(open.driver), reply), key, null)
      const page = await stream.next().catch((error: unknown) => error)
      expect(page).toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    },
  )
})

/** The entry from which is read on is always there. */
class AnchoringClient extends PassingClient {
  override sendAll(commands: readonly Command[]): Promise<Reply>[] {
    const [, , from] = commands[0]?.args ?? []
    return super.sendAll(commands).map(async (sent) => {
      const reply = await sent
      if (commands[0]?.args[0] !== 'XRANGE' || !Array.isArray(reply)) return reply
      return String(reply[0]?.[0]) === from ? reply : [[Buffer.from(String(from)), []], ...reply]
    })
  }
}

class AnsweringClient extends PassingClient {
  readonly #reply: Reply

  constructor(client: RedisClient, reply: Reply) {
    super(client)
    this.#reply = reply
  }

  override sendAll(commands: readonly Command[]): Promise<Reply>[] {
    return commands.map(() => Promise.resolve(this.#reply))
  }
}

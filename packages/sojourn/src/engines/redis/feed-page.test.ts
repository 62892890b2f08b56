import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRedis } from 'sojourn-servers'
import { expect, test } from 'vitest'
import type { FeedEvent } from '../../core/feed.ts'
import { TestClock } from '../../core/test-clock.test-support.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { clientOf } from './driver.ts'
import { fieldsWith, plant } from './feed.test-support.ts'
import { redisFeed } from './feed.ts'
import { feedKey } from './feed-key.ts'
import { FeedStream } from './feed-stream.ts'
import { Monitor, type Seen } from './monitor.test-support.ts'

const PAGE = join(import.meta.dirname, '../../../../../docs/events.md')
const ROW = /^\| ([a-z][^|]*) \| (`[A-Z]+`[^|]*) \|/gm

const EVENT: FeedEvent = {
  name: 'reuseDetected',
  at: 1_800_000_000_000,
  id: 'AbCdEfGhIjKlMnOp',
  userId: 'u_1',
}
const SILENT = {
  told: () => undefined,
  missed: () => undefined,
  refused: () => undefined,
  failed: () => undefined,
}

/** The same command several times as the page writes it. */
function shown(seen: readonly Seen[]): string {
  const counts = new Map<string, number>()
  for (const { name } of seen) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .map(([name, count]) => (count === 1 ? `\`${name}\`` : `\`${name}\` × ${count}`))
    .join(' ')
}

/** For each line of the page, what is sent, in the words of the page. */
async function played({ driver }: OpenClient, monitor: Monitor, plantMany: () => Promise<void>) {
  const line = redisFeed({ client: driver }).open(SILENT, new TestClock())
  const stream = new FeedStream(clientOf(driver), feedKey('sojourn'), null)
  const opening = await monitor.during(() => line.listen())
  const events = await monitor.during(() => line.publish([EVENT, EVENT, EVENT]))
  await stream.toEnd()
  const nothing = await monitor.during(() => stream.next())
  await plantMany()
  const many = await monitor.during(async () => {
    while ((await stream.next()).isFull);
  })
  await line.close()
  return [opening, nothing, many, events]
}

test('docs/events.md says what is sent, and all of it names one key of the store', async () => {
  const server = await startRedis()
  const client = await openClient('ioredis', { kind: 'server', at: server })
  const monitor = await Monitor.on(server)
  try {
    const entries = Array.from({ length: 150 }, () => fieldsWith())
    const sent = await played(client, monitor, () => plant(server, feedKey('sojourn'), ...entries))
    const rows = [...readFileSync(PAGE, 'utf8').matchAll(ROW)].map(([, when, what]) => [when, what])
    expect(rows).toEqual([
      ['a store opens', shown(sent[0] ?? [])],
      ['a look that finds nothing', shown(sent[1] ?? [])],
      ['a look that finds 150', shown(sent[2] ?? [])],
      ['three events of one turn', shown(sent[3] ?? [])],
    ])
    expect(new Set(sent.flat().map(({ args }) => args[0]))).toEqual(new Set(['sojourn:{--}:events']))
  } finally {
    await monitor[Symbol.asyncDispose]()
    client.close()
    await server.stop()
  }
})

import { env } from 'node:process'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../core/port.ts'
import { runModel } from '../../testing/model.ts'
import { over } from '../../testing/shareable-store.test-support.ts'
import type { Invalidations } from '../invalidations.ts'
import { invalidations, redis } from '../redis/index.ts'
import { nearCache } from './near-cache.ts'
import { deaf } from './told.test-support.ts'

/** How many are played: `SOJOURN_INTERLEAVINGS=1000000 npx vitest run …/layers/model` takes long. */
const { SOJOURN_INTERLEAVINGS = '600' } = env
const interleavings = Number(SOJOURN_INTERLEAVINGS)

let server: RedisServer
let client: Redis

beforeAll(async () => {
  server = await startRedis()
  client = new Redis({ host: server.host, port: server.port })
})

afterAll(async () => {
  client.disconnect()
  await server.stop()
})

/**
 * A handle whose reads begin when all that was written before has been told, which is when the promise about
 * other handles begins. Reads of one turn share a question.
 */
async function handle(prefix: string, hearing = (inner: Invalidations) => inner): Promise<Engine> {
  const heard = invalidations({ client, prefix })
  const engine = await nearCache(redis({ client, prefix, due: true }), { invalidations: hearing(heard) })
  return over(engine, {
    read: async (ids) => {
      await heard.confirm()
      return engine.read(ids)
    },
  })
}

test(`T51, T60: redis with a near cache agrees with the model in ${interleavings} interleavings`, {
  timeout: 3_600_000,
}, async () => {
  const engine = await nearCache(redis({ client, due: true }), { invalidations: invalidations({ client }) })
  const report = await runModel({ engines: [engine], interleavings, lanes: 64, seed: 20_261_124 })
  expect(report.interleavings).toBeGreaterThanOrEqual(interleavings)
  expect(engine.status.hits).toBeGreaterThan(0)
  await engine.close()
})

test('T60: so do two of them, each read of which begins when the writes before it were told', {
  timeout: 3_600_000,
}, async () => {
  const engines = [await handle('two'), await handle('two')]
  await runModel({ engines, interleavings, lanes: 64, seed: 20_261_124 })
  for (const engine of engines) await engine.close()
})

test('a twin that does not listen to the other handle is found out', { timeout: 600_000 }, async () => {
  const notAtAll = (inner: Invalidations) => deaf(inner, { changed: () => undefined })
  const engines = [await handle('deaf', notAtAll), await handle('deaf', notAtAll)]
  const played = runModel({ engines, interleavings: 10_000, lanes: 64, seed: 20_261_124, shrink: false })
  await expect(played).rejects.toThrow(/disagree/)
  for (const engine of engines) await engine.close()
})

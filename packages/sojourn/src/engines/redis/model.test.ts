import { env } from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runModel } from '../../testing/model.ts'
import { PLACES } from './places.test-support.ts'
import { openClients, redisStore } from './redis.test-support.ts'
import { TOPOLOGIES, type Topology } from './topologies.test-support.ts'

/** How many are played on each topology over each driver: `SOJOURN_INTERLEAVINGS=1000000` takes hours. */
const { SOJOURN_INTERLEAVINGS } = env
const interleavings = Number(SOJOURN_INTERLEAVINGS ?? 1_000)
/** A look at what is due goes through 4,096 lists: enough of them, and not for every interleaving. */
const interleavingsWithDue = Number(SOJOURN_INTERLEAVINGS ?? 500)

describe.each(PLACES)('T51: on %s', (name, drivers) => {
  let topology: Topology
  beforeAll(async () => {
    topology = await TOPOLOGIES[name]()
  }, 60_000)
  afterAll(() => topology.stop())

  const plays = drivers.flatMap((driver) => [
    [driver, false, interleavings, 16] as const,
    [driver, true, interleavingsWithDue, 50] as const,
  ])
  test.each(plays)(
    'redis over two clients of %s, due: %s, agrees with the model in %i interleavings',
    { timeout: 36_000_000 },
    async (driver, due, count, lanes) => {
      const clients = await openClients(driver, topology)
      const store = await redisStore(clients, { due })
      const engines = [await store.open(), await store.open()]
      try {
        // The seed repeats a failure.
        const report = await runModel({
          engines,
          interleavings: count,
          lanes,
          seed: 20_261_124,
          shrink: false,
        })
        expect(report.interleavings).toBeGreaterThanOrEqual(count)
      } finally {
        await Promise.all(engines.map((engine) => engine.close()))
        clients.close()
      }
    },
  )
})

import { env } from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runModel } from '../../testing/model.ts'
import { DRIVERS } from './places.test-support.ts'
import { openClients, redisStore } from './redis.test-support.ts'
import { TOPOLOGIES, type Topology, type TopologyName } from './topologies.test-support.ts'

/** How many are played on each topology over each driver: `SOJOURN_INTERLEAVINGS=1000000` takes hours. */
const { SOJOURN_INTERLEAVINGS } = env
const interleavings = Number(SOJOURN_INTERLEAVINGS ?? 150)
/** A look at what is due goes through 4,096 lists, and that is many calls on a cluster: more share one there. */
const WITH_DUE: Readonly<Record<TopologyName, { readonly count: number; readonly lanes: number }>> = {
  'one server': { count: 80, lanes: 50 },
  Sentinel: { count: 80, lanes: 50 },
  Cluster: { count: 50, lanes: 100 },
}

const NAMES: readonly TopologyName[] = ['one server', 'Sentinel', 'Cluster']

describe.each(NAMES)('T51: on %s', (name) => {
  let topology: Topology
  beforeAll(async () => {
    topology = await TOPOLOGIES[name]()
  }, 60_000)
  afterAll(() => topology.stop())

  const plays = DRIVERS[name].flatMap((driver) => [
    [driver, false, interleavings, 16] as const,
    [driver, true, Number(SOJOURN_INTERLEAVINGS ?? WITH_DUE[name].count), WITH_DUE[name].lanes] as const,
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

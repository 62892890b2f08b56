import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformance, runCase } from '../../testing/index.ts'
import { DRIVERS } from './places.test-support.ts'
import { type Clients, openClients, redisStore } from './redis.test-support.ts'
import { TOPOLOGIES, type Topology, type TopologyName } from './topologies.test-support.ts'

function casesFor(due: boolean) {
  const traits = {
    ...({ name: 'redis', survives: 'process-crash', sharedBy: 'network' } as const),
    ...({ keepsDue: due, checksCutOff: 'on-write', staleMs: 0 } as const),
  }
  return conformance.filter(({ when = () => true }) => when(traits)).map((each) => [each.name, each] as const)
}

/** Tests of every case of the suite, over each driver, without what is due and with it. */
export function runsTheSuiteOn(name: TopologyName): void {
  describe(`T87: on ${name}, through a proxy, under the least rights,`, () => {
    let topology: Topology
    beforeAll(async () => {
      topology = await TOPOLOGIES[name]()
    }, 60_000)
    afterAll(() => topology.stop())

    describe.each(DRIVERS[name])('redis over %s', (driver) => {
      let clients: Clients
      beforeAll(async () => {
        clients = await openClients(driver, topology)
      })
      afterAll(() => clients.close())

      describe.each([false, true])('with due: %s', (due) => {
        test.each(casesFor(due))('%s', async (_, each) => {
          const report = await runCase(each, { store: () => redisStore(clients, { due }) })
          if (report.outcome === 'failed') throw report.error
          expect(report.outcome).toBe('passed')
        })
      })
    })
  })
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformance, runCase } from '../../testing/index.ts'
import type { DriverName } from './clients.test-support.ts'
import { DRIVERS } from './places.test-support.ts'
import { type Clients, openClients, redisStore } from './redis.test-support.ts'
import type { CodeSource } from './redis-options.ts'
import { TOPOLOGIES, type Topology, type TopologyName } from './topologies.test-support.ts'

function casesFor(due: boolean) {
  const traits = {
    ...({ name: 'redis', survives: 'process-crash', sharedBy: 'network' } as const),
    ...({ keepsDue: due, checksCutOff: 'on-write', staleMs: 0 } as const),
  }
  return conformance.filter(({ when = () => true }) => when(traits)).map((each) => [each.name, each] as const)
}

/** Tests of every case of the suite, over each driver, without what is due and with it. */
export function runsTheSuiteOn(
  name: TopologyName,
  code: CodeSource = 'scripts',
  drivers: readonly DriverName[] = DRIVERS[name],
): void {
  describe(`T87: on ${name}, through a proxy, under the least rights, by ${code},`, () => {
    let topology: Topology
    beforeAll(async () => {
      topology = await TOPOLOGIES[name](code)
    }, 60_000)
    afterAll(() => topology.stop())

    describe.each(drivers)('redis over %s', (driver) => {
      let clients: Clients
      beforeAll(async () => {
        clients = await openClients(driver, topology)
      })
      afterAll(() => clients.close())

      describe.each([false, true])('with due: %s', (due) => {
        test.each(casesFor(due))('%s', async (_, each) => {
          const report = await runCase(each, { store: () => redisStore(clients, { due, code }) })
          if (report.outcome === 'failed') throw report.error
          expect(report.outcome).toBe('passed')
        })
      })
    })
  })
}

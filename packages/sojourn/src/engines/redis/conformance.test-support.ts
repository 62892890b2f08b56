import { env } from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformance, runCase } from '../../testing/index.ts'
import type { DriverName } from './clients.test-support.ts'
import { DRIVERS } from './places.test-support.ts'
import { type Clients, openClients, redisStore } from './redis.test-support.ts'
import type { CodeSource } from './redis-options.ts'
import { TOPOLOGIES, type Topology, type TopologyName } from './topologies.test-support.ts'

/**
 * Usually a group of servers is asked for what is due by its first driver alone, which is the fastest at it, and by scripts,
 * because a look at what is due takes a cluster long. `SOJOURN_CONFORMANCE=all` asks each for both.
 */
const { SOJOURN_CONFORMANCE } = env
const IS_ALL = SOJOURN_CONFORMANCE === 'all'

function settingsOf(name: TopologyName, code: CodeSource, place: number): readonly boolean[] {
  if (IS_ALL || name === 'one server') return [false, true]
  return [code === 'scripts' && place === 0]
}

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

    describe.each(drivers.map((driver, place) => [driver, place] as const))(
      'redis over %s',
      (driver, place) => {
        let clients: Clients
        beforeAll(async () => {
          clients = await openClients(driver, topology)
        })
        afterAll(() => clients.close())

        describe.each(settingsOf(name, code, place))('with due: %s', (due) => {
          test.each(casesFor(due))('%s', async (_, each) => {
            const report = await runCase(each, { store: () => redisStore(clients, { due, code }) })
            if (report.outcome === 'failed') throw report.error
            expect(report.outcome).toBe('passed')
          })
        })
      },
    )
  })
}

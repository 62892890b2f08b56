import type { Engine } from '../../core/port.ts'
import { put, rejectsWith, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { MINUTE, NOW, next, sample, samples, sampleUser } from '../sample.ts'

const first = sample()
const CALLS: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
  read: (engine) => engine.read([first.id]),
  create: (engine) => engine.create(first, null, NOW),
  replace: (engine) => engine.replace(next(first), 1, NOW),
  touch: (engine) => engine.touch(first.id, NOW, NOW + MINUTE),
  end: (engine) => engine.end(first.id, 'logout', NOW),
  list: (engine) => engine.list(sampleUser('u_1'), NOW),
  endUser: (engine) => engine.endUser(sampleUser('u_1'), 'admin', NOW, null),
  due: (engine) => engine.due(NOW, 10),
  settle: (engine) => engine.settle([first.id], null),
  scan: (engine) => engine.scan(null, 10),
}

export const closingCases: readonly ConformanceCase[] = [
  proves(
    'Every later call rejects with `STORE_CLOSED`.',
    'after close every method rejects with STORE_CLOSED',
    async (engine) => {
      await put(engine, first)
      await engine.close()
      for (const [name, call] of Object.entries(CALLS)) {
        await rejectsWith(
          'STORE_CLOSED',
          () => call(engine),
          `after close, ${name} did not reject with STORE_CLOSED`,
        )
      }
    },
  ),
  proves(
    'Waits for what was begun, flushes and releases.',
    'close waits for the writes that were begun before it',
    async (engine) => {
      const begun = Promise.all(samples(50).map((record) => engine.create(record, null, NOW)))
      let isDone = false
      const watched = begun.then((outcomes) => {
        isDone = true
        return outcomes.every(({ outcome }) => outcome === 'done')
      })
      watched.catch(() => null)
      await engine.close()
      await new Promise((resolve) => setImmediate(resolve))
      same(isDone, true, 'close did not wait for writes that were begun before it')
      same(await watched, true, 'a write that was begun before close was not done')
    },
  ),
  proves(
    'What an engine promises. Declared data, read by the suite, the docs and the start-up log.',
    'the traits are declared with the words of the port',
    async ({ traits }) => {
      const { name, survives, sharedBy, keepsDue, checksCutOff } = traits
      same(typeof name === 'string' && name.length > 0, true, 'the engine has no name')
      const isDeclared =
        ['nothing', 'process-crash', 'power-loss'].includes(survives) &&
        ['process', 'host', 'network'].includes(sharedBy) &&
        ['on-read', 'on-write'].includes(checksCutOff) &&
        typeof keepsDue === 'boolean'
      const declared = [survives, sharedBy, keepsDue, checksCutOff].join(', ')
      same(isDeclared, true, `the traits ${declared} are not words of the port`)
    },
  ),
]

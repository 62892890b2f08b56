import { describe, expect, test } from 'vitest'
import { memory } from '../engines/memory/index.ts'
import { over } from '../testing/shareable-store.test-support.ts'
import { ForeignRace } from './foreign-race.test-support.ts'
import type { Engine } from './port.ts'

const { SOJOURN_INTERLEAVINGS = '5000', SOJOURN_SEED = '1' } = process.env
const COUNT = Math.ceil(Number(SOJOURN_INTERLEAVINGS) / 20)
const FIRST_SEED = Number(SOJOURN_SEED)
const ROUNDS = 20
const HOURS = 3 * 3_600_000

async function race(count: number, faults: boolean, twin: (engine: Engine) => Partial<Engine> = () => ({})) {
  let played = 0
  for (let seed = FIRST_SEED; played < count; seed += 1) {
    const engine = memory()
    const running = await ForeignRace.open({ seed, faults, engine: over(engine, twin(engine)) })
    for (let round = 0; round < ROUNDS; round += 1) await running.round()
    await engine.close()
    played += ROUNDS
  }
  return played
}

describe('requests that use one foreign id at once', () => {
  test(
    `T51: in ${COUNT} random interleavings no change is lost, no end undone, and one session is left, its user’s own`,
    async () => expect(await race(COUNT, false)).toBeGreaterThanOrEqual(COUNT),
    HOURS,
  )

  test(
    `T51: in ${COUNT} in which lines break, no end is undone, and nothing lost that was acknowledged`,
    async () => expect(await race(COUNT, true)).toBeGreaterThanOrEqual(COUNT),
    HOURS,
  )

  test.each<readonly [string, (engine: Engine) => Partial<Engine>]>([
    [
      'an end that somebody else made is called one’s own',
      (engine) => ({ end: (...end) => engine.end(...end).then(() => true) }),
    ],
    [
      'a write does not look at the version',
      (engine) => ({
        replace: async (record, expected, now) => {
          const [stored] = await engine.read([record.id])
          const version = stored?.version ?? expected
          return engine.replace({ ...record, version: version + 1 }, version, now)
        },
      }),
    ],
    [
      'a session is never ended',
      (engine) => ({ end: async (id) => (await engine.read([id]))[0]?.ended === null }),
    ],
  ])(
    'a broken twin in which %s is found',
    async (_name, twin) => {
      await expect(race(1_000, false, twin)).rejects.toThrow(/^seed \d+: /)
    },
    120_000,
  )
})

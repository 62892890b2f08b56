import { describe, expect, test } from 'vitest'
import { Arena, type ArenaOptions } from './arena.test-support.ts'
import { TWINS } from './arena-twins.test-support.ts'
import { ENGINES, type EngineUnderTest } from './engines.test-support.ts'

const { SOJOURN_INTERLEAVINGS = '5000', SOJOURN_SEED = '1' } = process.env
/** One interleaving is one round of an arena: see `Arena`. */
const COUNT = Number(SOJOURN_INTERLEAVINGS)
const FIRST_SEED = Number(SOJOURN_SEED)
const ROUNDS = 50
/** A broken engine must be found within this many interleavings. */
const ENOUGH = 3_000
const HOURS = 3 * 3_600_000

type Setting = Pick<ArenaOptions, 'faults' | 'twin'>

/** Plays whole arenas until there were `count` interleavings, and says how many there were. */
async function race(engine: EngineUnderTest, count: number, setting: Setting): Promise<number> {
  let played = 0
  for (let seed = FIRST_SEED; played < count; seed += 1) {
    const arena = await Arena.open({ ...setting, seed, storage: await engine.prepare() })
    for (let round = 0; round < ROUNDS; round += 1) await arena.round()
    await arena.close()
    played += ROUNDS
  }
  return played
}

/** On disk each takes a hundred times as long; the count of the environment raises both. */
const shareOf = ({ name }: EngineUnderTest): number => (name === 'memory' ? 1 : 0.02)

describe.each(ENGINES)('interleavings over $name', (engine) => {
  const clean = Math.ceil(0.8 * COUNT * shareOf(engine))
  const faulty = Math.ceil(0.2 * COUNT * shareOf(engine))

  test(
    `T51, T52, T53: in ${clean} random interleavings no update is lost, no end undone, no limit exceeded, no list wrong, no third token valid, each end told once`,
    async () => {
      expect(await race(engine, clean, { faults: false })).toBeGreaterThanOrEqual(clean)
    },
    HOURS,
  )

  test(
    `T51, T83: the same in ${faulty} where lines break, answers come too late and processes die`,
    async () => {
      expect(await race(engine, faulty, { faults: true })).toBeGreaterThanOrEqual(faulty)
    },
    HOURS,
  )
})

describe('a broken twin', () => {
  const [memory] = ENGINES

  test.each(TWINS)(
    'that $name is found',
    async ({ twin }) => {
      const found = race(memory, ENOUGH, { faults: false, twin })
      await expect(found).rejects.toThrow(/^seed \d+: /)
    },
    120_000,
  )
})

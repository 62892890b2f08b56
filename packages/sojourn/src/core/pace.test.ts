import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Pace } from './pace.ts'
import type { EngineTraits } from './port.ts'
import { TestClock } from './test-clock.test-support.ts'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** So much work in portions, as a settler does it. */
async function inPortions(pace: Pace, count: number, work: () => Promise<void>): Promise<void> {
  for (let left = count; left > 0; ) {
    const portion = Math.min(left, pace.portion)
    left -= portion
    await pace.inTurn(() => Promise.all(numbers(portion).map(work)))
  }
}

/** Work that notes how much of it runs at the same time. */
class Work {
  most = 0
  done = 0
  #running = 0

  async do(): Promise<void> {
    this.#running += 1
    this.most = Math.max(this.most, this.#running)
    await turn()
    this.#running -= 1
    this.done += 1
  }
}

/** A pace at an engine, in a process that others ask for sessions all the time, or never. */
function paceOn(sharedBy: EngineTraits['sharedBy'], clock = new TestClock(), isBusy = true): Pace {
  let reads = 0
  const records = {
    get reads() {
      reads += isBusy ? 1 : 0
      return reads
    },
  }
  return new Pace({ clock, engine: { traits: { sharedBy } }, records })
}

test.each([
  ['host', true, 128],
  ['network', true, 32],
  ['host', false, 400],
  ['network', false, 400],
] as const)(
  'T84: at a store of one %s, in a process that serves others: %s, at most %i verbs are under way',
  async (by, isBusy, most) => {
    const pace = paceOn(by, new TestClock(), isBusy)
    const work = new Work()
    await Promise.all(numbers(5).map(() => inPortions(pace, 200, () => work.do())))
    expect(work.done).toBe(1_000)
    expect(work.most).toBe(most)
  },
)

test('T84: others have a turn of the event loop after each portion, though the work itself never waits', async () => {
  const pace = paceOn('host')
  let done = 0
  const count = async (): Promise<void> => {
    done += 1
  }
  const settled = Promise.all(numbers(2).map(() => inPortions(pace, 100, count)))
  const seen: number[] = []
  while (done < 200) {
    await turn()
    seen.push(done)
  }
  await settled
  expect(seen.length).toBeGreaterThanOrEqual(2)
  const steps = seen.map((count, index) => count - (seen[index - 1] ?? 0))
  expect(Math.max(...steps)).toBeLessThanOrEqual(128)
})

test('T84: what fails takes no place from others', async () => {
  const pace = paceOn('host')
  const failing = () => pace.inTurn(() => Promise.reject(new Error('refused')))
  for (const _ of numbers(5)) await expect(failing()).rejects.toThrow('refused')
  expect(await pace.inTurn(async () => 'done')).toBe('done')
})

test('T84: a pause is due when a quarter of a millisecond has gone by since the last one', async () => {
  const clock = new TestClock()
  const pace = paceOn('host', clock)
  expect(pace.isLong).toBe(true)
  await pace.breathe()
  expect(pace.isLong).toBe(false)
  clock.advance(1)
  expect(pace.isLong).toBe(true)
})

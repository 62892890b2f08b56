import type { Engine, SessionRecord } from '../../core/port.ts'
import { sampleUser } from '../../testing/sample.ts'
import { NOW, record } from '../record.test-support.ts'
import type { Step } from './busy-child.test-support.ts'
import type { Message } from './children.test-support.ts'
import { dataOf } from './lmdb.test-support.ts'

/** The steps of a session's life in `busy-child`: four versions, its end, and half of them are forgotten. */
const ENDED = 5
const FORGOTTEN = 6
const isForgettable = (number: number): boolean => number % 2 === 0

/** How far each session had come by what its process reported. */
export function acknowledged(told: readonly Message[]): Map<number, number> {
  const steps = new Map<number, number>()
  for (const message of told) {
    if (!isStep(message)) continue
    const { number } = message
    steps.set(number, Math.max(placeOf(message), steps.get(number) ?? 0))
  }
  return steps
}

function isStep(message: Message): message is Message & Step {
  return 'number' in message && 'version' in message
}

function placeOf({ version, ended, forgotten }: Step): number {
  if (forgotten) return FORGOTTEN
  return ended ? ENDED : version
}

/**
 * What a kill has taken, a line each. A session must be where it was acknowledged to be, or one step further:
 * the report of that step may have died with the process.
 */
export async function lossesOf(engine: Engine, steps: ReadonlyMap<number, number>): Promise<string[]> {
  const numbers = [...steps.keys()]
  const records = await engine.read(numbers.map((number) => record(number).id))
  return numbers.flatMap((number, index) => {
    const step = steps.get(number) ?? 0
    const is = stepOf(number, records[index] ?? null)
    return is === step || is === step + 1 ? [] : [`session ${number} is at step ${is} and was at ${step}`]
  })
}

function stepOf(number: number, session: SessionRecord | null): number | string {
  if (session === null) return isForgettable(number) ? FORGOTTEN : 'absent'
  if (!Buffer.from(dataOf(number, session.version)).equals(session.data)) return 'other data'
  return session.ended === null ? session.version : ENDED
}

/** Ends and forgets everything, so that the next round starts with an empty store. */
export async function clear(engine: Engine): Promise<void> {
  await Promise.all([0, 1, 2].map((user) => engine.endUser(sampleUser(`u_${user}`), 'admin', NOW, null)))
  const due = await engine.due(NOW, 100_000)
  await engine.settle(
    due.map(({ id }) => id),
    null,
  )
}

import fc from 'fast-check'
import { LEASE_MS, type Milliseconds } from '../../core/port.ts'

/** The idle timeout of the model's sessions, and from the same instant the absolute one. */
export const IDLE_MS: Milliseconds = 10 * 60_000
export const ABSOLUTE_MS: Milliseconds = 25 * 60_000
/** How many ids an interleaving has. Few, so that its calls meet. */
export const SLOTS = 4

/** One call of an interleaving. What the numbers choose is up to the verb. */
export interface Call {
  readonly verb: 'create' | 'replace' | 'touch' | 'end' | 'endUser' | 'settle' | 'list' | 'read'
  readonly slot: number
  readonly choice: number
  /** Begins after so many ticks of its burst, or, when over two, in a later turn of the event loop. */
  readonly ticks: number
}

/** Calls that are begun before any of them is answered. */
export interface Burst {
  readonly calls: readonly Call[]
  /** Chooses what calls on one id must agree on: its user, and how long ago it was created. */
  readonly choice: number
}

/** An interleaving: the calls of one lane, burst after burst. */
export type Interleaving = readonly Burst[]

/** What all lanes of a run share: the clock, and who asks for what is due. */
export interface Beat {
  readonly advanceMs: Milliseconds
  readonly dues: number
}

export interface Script {
  readonly beats: readonly Beat[]
  readonly lanes: readonly Interleaving[]
}

/** The ticks after which a call begins in a later turn of the event loop: three is the next one. */
export const MOST_TICKS = 2
const BURSTS = 6
const CALLS = 4
const VERBS = ['create', 'replace', 'touch', 'end', 'settle', 'endUser', 'list', 'read'] as const
const weighted = [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7].map((index) => VERBS[index] ?? 'read')
const ADVANCES = [0, 0, 0, 1, 1, 1_000, 1_000, LEASE_MS - 1, LEASE_MS, IDLE_MS - 1, IDLE_MS, ABSOLUTE_MS]

const call: fc.Arbitrary<Call> = fc.record({
  verb: fc.constantFrom(...weighted),
  slot: fc.nat({ max: SLOTS - 1 }),
  choice: fc.nat({ max: 11 }),
  ticks: fc.nat({ max: MOST_TICKS + 2 }),
})

const burst: fc.Arbitrary<Burst> = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: CALLS }),
  choice: fc.nat({ max: 5 }),
})

const beat: fc.Arbitrary<Beat> = fc.record({
  advanceMs: fc.constantFrom(...ADVANCES),
  dues: fc.nat({ max: 2 }),
})

/** Scripts of so many interleavings side by side. A failing one shrinks to the fewest calls that show the fault. */
export function scripts(lanes: number): fc.Arbitrary<Script> {
  const interleaving = fc.array(burst, { minLength: 1, maxLength: BURSTS, size: 'max' })
  return fc.record({
    beats: fc.array(beat, { minLength: BURSTS, maxLength: BURSTS }),
    lanes: fc.array(interleaving, { minLength: lanes, maxLength: lanes, size: 'max' }),
  })
}

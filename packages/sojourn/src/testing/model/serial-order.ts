import type { LaneState } from './lane-state.ts'

/** A call with the answer that the engine gave, or something that was seen beside the calls. */
export interface Event {
  /** For people. */
  readonly text: () => string
  /** The state after it; null when it cannot have happened like this in the given state. */
  readonly next: (state: LaneState) => LaneState | null
}

export interface Happened {
  /** Calls that write. */
  readonly writes: readonly Event[]
  /** Seen at some instant while the calls were under way. */
  readonly during: readonly Event[]
  /** Seen when all calls were answered. */
  readonly after: readonly Event[]
}

/**
 * The state after concurrent calls, in the first order of the calls that explains every answer and all that
 * was seen; null when there is none: then the engine was not atomic somewhere, or wrong.
 */
export function explain(before: LaneState, { writes, during, after }: Happened): LaneState | null {
  const [state, unseen] = observe(before, during)
  if (writes.length === 0) {
    const [last, wrong] = observe(state, after)
    return unseen.length === 0 && wrong.length === 0 ? last : null
  }
  for (const write of writes) {
    const next = write.next(state)
    if (next === null) continue
    const rest = writes.filter((each) => each !== write)
    const found = explain(next, { writes: rest, during: unseen, after })
    if (found !== null) return found
  }
  return null
}

/**
 * Takes off what can have been seen now. Seeing it as early as possible never spoils an order: a look changes
 * nothing, and a lease changes only what other leases see, which is why they are asked again after one.
 */
function observe(before: LaneState, events: readonly Event[]): readonly [LaneState, readonly Event[]] {
  let state = before
  const unseen = events.filter((event) => {
    const next = event.next(state)
    state = next ?? state
    return next === null
  })
  return state === before || unseen.length === 0 ? [state, unseen] : observe(state, unseen)
}

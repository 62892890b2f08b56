import type { Engine, EngineTraits, SessionId } from '../core/port.ts'

/** One store of the engine under test, empty at first, for one case. */
export interface StoreUnderTest {
  /** A handle on this store. Each call gives another handle on the same store. */
  open(): Promise<Engine>
  /**
   * Loses the entry of a live session in its user's index, as a crash or a bug might, and nothing else.
   * Left out: the cases about the cut-off behind a lost entry are reported as excluded.
   */
  loseIndexEntry?(userId: string, id: SessionId): Promise<void>
  /** Releases what the store took, after the case, when its handles are closed. */
  dispose?(): Promise<void>
}

/** What a case needs of a store beyond `open`. */
export type StoreFault = 'loseIndexEntry'

/** One promise of the port. */
export interface ConformanceCase {
  /** A sentence about behaviour. Unique. */
  readonly name: string
  /** The words of `core/port.ts` that it proves. */
  readonly promise: string
  /** Which engines it is for; left out: every engine. */
  readonly when?: (traits: EngineTraits) => boolean
  readonly needs?: StoreFault
  /** Rejects with an `AssertionError` when the engine breaks the promise. */
  run(store: StoreUnderTest): Promise<void>
}

/** For engines that hand out what is due. */
export const keepsDue = (traits: EngineTraits): boolean => traits.keepsDue

/** A case that needs one handle. */
export function proves(
  promise: string,
  name: string,
  run: (engine: Engine) => Promise<void>,
): ConformanceCase {
  return { name, promise, run: async (store) => run(await store.open()) }
}

/** The same, about what is due. */
export function provesDue(
  promise: string,
  name: string,
  run: (engine: Engine) => Promise<void>,
): ConformanceCase {
  return { ...proves(promise, name, run), when: keepsDue }
}

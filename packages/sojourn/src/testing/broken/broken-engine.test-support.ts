import type { StoreUnderTest } from '../conformance-case.ts'
import { type Change, type LateChange, lateStore, shareableStore } from '../shareable-store.test-support.ts'

/** An engine that breaks a promise of the port, and the cases that must notice. */
export interface BrokenEngine {
  /** What it does wrong: a sentence whose subject is the engine. */
  readonly name: string
  /** The names of cases of the suite, each of which must fail. */
  readonly caughtBy: readonly string[]
  /** Whether the model test must notice it too. */
  readonly inModel: boolean
  readonly store: () => Promise<StoreUnderTest>
}

export function broken(name: string, caughtBy: readonly string[], change: Change): BrokenEngine {
  return { name, caughtBy, inModel: false, store: () => shareableStore(change) }
}

/** Broken in an engine of the other traits. */
export function brokenLate(name: string, caughtBy: readonly string[], change: LateChange): BrokenEngine {
  return { name, caughtBy, inModel: false, store: () => lateStore(change) }
}

/** Broken in a way that the model test must find as well. */
export function inModel(engine: BrokenEngine): BrokenEngine {
  return { ...engine, inModel: true }
}

/** Broken in what each of several handles on one store does. */
export function brokenHandle(name: string, caughtBy: readonly string[], change: Change): BrokenEngine {
  return { name, caughtBy, inModel: false, store: () => shareableStore(undefined, change) }
}

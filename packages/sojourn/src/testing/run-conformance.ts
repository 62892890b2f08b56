import { AssertionError } from 'node:assert'
import { inspect } from 'node:util'
import type { Engine } from '../core/port.ts'
import { conformance } from './conformance.ts'
import type { ConformanceCase, StoreUnderTest } from './conformance-case.ts'

export type CaseReport =
  | { readonly name: string; readonly outcome: 'passed' }
  | { readonly name: string; readonly outcome: 'failed'; readonly error: Error }
  /** Not for this engine, or its store cannot be brought into the state that the case needs. */
  | { readonly name: string; readonly outcome: 'excluded'; readonly reason: string }

export interface ConformanceOptions {
  /** A new, empty store for each case. */
  readonly store: () => Promise<StoreUnderTest>
  /** The cases to run, in order; all of them when left out. */
  readonly cases?: readonly ConformanceCase[]
  /** How long one case may take before it counts as failed; 30 s when left out. */
  readonly limitMs?: number
}

/** Runs the suite, one case after the other, and reports on each. It never rejects for what a case finds. */
export async function runConformance(options: ConformanceOptions): Promise<CaseReport[]> {
  const reports: CaseReport[] = []
  for (const each of options.cases ?? conformance) reports.push(await runCase(each, options))
  return reports
}

/** Runs one case on a store of its own, for test runners that want a test per case. */
export async function runCase(
  each: ConformanceCase,
  { store, limitMs = 30_000 }: ConformanceOptions,
): Promise<CaseReport> {
  const { name } = each
  try {
    const tracked = new TrackedStore(await store())
    try {
      const reason = exclusionOf(each, await tracked.open(), tracked.store)
      if (reason !== null) return { name, outcome: 'excluded', reason }
      await within(limitMs, each.run(tracked.store))
    } finally {
      await within(limitMs, tracked.release())
    }
    return { name, outcome: 'passed' }
  } catch (error) {
    return { name, outcome: 'failed', error: inTermsOfThePort(error) }
  }
}

function inTermsOfThePort(error: unknown): Error {
  if (error instanceof AssertionError) return error
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new Error(`The engine rejected a call to which the port has an answer. ${said}`, { cause: error })
}

function exclusionOf(each: ConformanceCase, { traits }: Engine, store: StoreUnderTest): string | null {
  if (each.when !== undefined && !each.when(traits)) {
    return `not for an engine of the traits ${inspect(traits, { breakLength: Number.POSITIVE_INFINITY })}`
  }
  if (each.needs !== undefined && store[each.needs] === undefined) return `the store has no ${each.needs}`
  return null
}

/** A store whose handles are closed in the end, whatever the case did with them. */
class TrackedStore {
  readonly store: StoreUnderTest
  readonly #handles: Engine[] = []
  readonly #inner: StoreUnderTest
  #spare: Engine | null = null

  constructor(inner: StoreUnderTest) {
    this.#inner = inner
    this.store = {
      open: () => this.#next(),
      ...(inner.loseIndexEntry && { loseIndexEntry: inner.loseIndexEntry.bind(inner) }),
    }
  }

  /** A handle to look at; the case gets this one first. */
  async open(): Promise<Engine> {
    this.#spare = await this.#next()
    return this.#spare
  }

  async release(): Promise<void> {
    for (const handle of this.#handles) await handle.close().catch(() => null)
    await this.#inner.dispose?.()
  }

  async #next(): Promise<Engine> {
    const spare = this.#spare
    this.#spare = null
    if (spare !== null) return spare
    const handle = await this.#inner.open()
    this.#handles.push(handle)
    return handle
  }
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The engine did not answer within ${limitMs} ms.`)), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

import { PassingEngine, type Verb } from '../testing/passing-engine.test-support.ts'
import { SessionError } from './errors.ts'

/** Before the engine has done anything, or after it, when only the answer is missing. */
export type Stage = 'before' | 'after'

interface Trap {
  readonly verb: Verb
  readonly stage: Stage
  readonly spring: () => Promise<void>
}

/** A call that stands still. */
export interface Held {
  /** Resolves when the call has come. */
  readonly reached: Promise<void>
  readonly release: () => void
}

/** A real engine that a test can hold or break at any call, and that counts what it was asked. */
export class StagedEngine extends PassingEngine {
  readonly #traps: Trap[] = []
  #calls: Verb[] = []
  #crash: { readonly at: number; readonly stage: Stage } | null = null

  /** What it was asked since the last `forget`, in order. */
  get calls(): readonly Verb[] {
    return this.#calls
  }

  forget(): void {
    this.#calls = []
  }

  /** Holds the next call of this verb. */
  hold(verb: Verb, stage: Stage = 'before'): Held {
    let arrive = (): void => undefined
    let release = (): void => undefined
    const reached = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const spring = (): Promise<void> => {
      arrive()
      return released
    }
    this.#traps.push({ verb, stage, spring })
    return { reached, release: () => release() }
  }

  /** Breaks the next calls of this verb. */
  fail(verb: Verb, stage: Stage = 'before', times = 1): void {
    for (let left = times; left > 0; left -= 1) {
      this.#traps.push({ verb, stage, spring: () => Promise.reject(lost(stage)) })
    }
  }

  /** From the call of this number on, counted from now, nothing gets through any more. */
  crash(at: number, stage: Stage): void {
    this.forget()
    this.#crash = { at, stage }
  }

  recover(): void {
    this.#crash = null
  }

  override async pass<T>(verb: Verb, run: () => Promise<T>): Promise<T> {
    const index = this.#calls.push(verb) - 1
    this.#crashIf(index, 'before')
    await this.#spring(verb, 'before')
    const answer = await run()
    this.#crashIf(index, 'after')
    await this.#spring(verb, 'after')
    return answer
  }

  #crashIf(index: number, stage: Stage): void {
    if (this.#crash === null) return
    const { at, stage: last } = this.#crash
    const isOver = index > at || (index === at && (stage === last || last === 'before'))
    if (isOver) throw lost(stage)
  }

  async #spring(verb: Verb, stage: Stage): Promise<void> {
    const index = this.#traps.findIndex((trap) => trap.verb === verb && trap.stage === stage)
    const [trap] = index < 0 ? [] : this.#traps.splice(index, 1)
    await trap?.spring()
  }
}

/** What an engine says when the line breaks: before the call was sent, or before its answer came. */
function lost(stage: Stage): SessionError {
  return new SessionError(stage === 'before' ? 'ENGINE_UNAVAILABLE' : 'OUTCOME_UNKNOWN', 'The line broke.')
}

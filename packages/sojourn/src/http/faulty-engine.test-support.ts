import { PassingEngine, type Verb } from '../testing/passing-engine.test-support.ts'

type Fault = 'none' | 'fails' | 'hangs'

/** A real engine behind a line that a test can cut. It also counts what passes. */
export class FaultyEngine extends PassingEngine {
  readonly #calls: Verb[] = []
  #fault: Fault = 'none'
  #verbs: readonly Verb[] | null = null
  #error: () => Error = () => new Error('connection lost')
  #before: (verb: Verb) => Promise<void> = async () => undefined

  /** What was asked of the engine so far, in order. */
  get calls(): readonly Verb[] {
    return this.#calls
  }

  forgetCalls(): void {
    this.#calls.length = 0
  }

  /** From now on every call, or every call of these verbs, fails or hangs. */
  cut(fault: Fault, verbs: readonly Verb[] | null = null): void {
    this.#fault = fault
    this.#verbs = verbs
  }

  failWith(error: () => Error): void {
    this.#error = error
    this.cut('fails')
  }

  /** Runs before each call, and holds it up. */
  before(hook: (verb: Verb) => Promise<void>): void {
    this.#before = hook
  }

  override async pass<T>(verb: Verb, run: () => Promise<T>): Promise<T> {
    this.#calls.push(verb)
    await this.#before(verb)
    const isCut = this.#verbs === null || this.#verbs.includes(verb)
    if (isCut && this.#fault === 'fails') throw this.#error()
    if (isCut && this.#fault === 'hangs') return new Promise<T>(() => undefined)
    return run()
  }
}

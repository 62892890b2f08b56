import type {
  Engine,
  EngineTraits,
  Instant,
  SessionId,
  SessionRecord,
  UserKey,
  UserLimit,
} from '../core/port.ts'

type Verb = Exclude<keyof Engine, 'traits'>
type Fault = 'none' | 'fails' | 'hangs'

/** A real engine behind a line that a test can cut. It also counts what passes. */
export class FaultyEngine implements Engine {
  readonly traits: EngineTraits
  readonly #engine: Engine
  readonly #calls: Verb[] = []
  #fault: Fault = 'none'
  #verbs: readonly Verb[] | null = null
  #error: () => Error = () => new Error('connection lost')
  #before: (verb: Verb) => Promise<void> = async () => undefined

  constructor(engine: Engine) {
    this.traits = engine.traits
    this.#engine = engine
  }

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

  read(ids: readonly SessionId[]) {
    return this.#pass('read', () => this.#engine.read(ids))
  }

  create(record: SessionRecord, limit: UserLimit | null, now: Instant) {
    return this.#pass('create', () => this.#engine.create(record, limit, now))
  }

  replace(record: SessionRecord, expectedVersion: number, now: Instant) {
    return this.#pass('replace', () => this.#engine.replace(record, expectedVersion, now))
  }

  touch(id: SessionId, seenAt: Instant, expiresAt: Instant) {
    return this.#pass('touch', () => this.#engine.touch(id, seenAt, expiresAt))
  }

  end(id: SessionId, reason: Parameters<Engine['end']>[1], at: Instant) {
    return this.#pass('end', () => this.#engine.end(id, reason, at))
  }

  list(user: UserKey, now: Instant) {
    return this.#pass('list', () => this.#engine.list(user, now))
  }

  endUser(user: UserKey, reason: Parameters<Engine['end']>[1], at: Instant, except: SessionId | null) {
    return this.#pass('endUser', () => this.#engine.endUser(user, reason, at, except))
  }

  due(now: Instant, limit: number) {
    return this.#pass('due', () => this.#engine.due(now, limit))
  }

  settle(id: SessionId, keepUntil: Instant | null) {
    return this.#pass('settle', () => this.#engine.settle(id, keepUntil))
  }

  close() {
    return this.#engine.close()
  }

  async #pass<T>(verb: Verb, run: () => Promise<T>): Promise<T> {
    this.#calls.push(verb)
    await this.#before(verb)
    const isCut = this.#verbs === null || this.#verbs.includes(verb)
    if (isCut && this.#fault === 'fails') throw this.#error()
    if (isCut && this.#fault === 'hangs') return new Promise<T>(() => undefined)
    return run()
  }
}

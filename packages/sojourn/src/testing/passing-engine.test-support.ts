import type {
  EndReason,
  Engine,
  EngineTraits,
  Instant,
  SessionId,
  SessionRecord,
  UserKey,
  UserLimit,
} from '../core/port.ts'

export type Verb = Exclude<keyof Engine, 'traits'>

/** A real engine behind something that sees every call, and may hold it up or break it. */
export abstract class PassingEngine implements Engine {
  readonly traits: EngineTraits
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.traits = engine.traits
    this.#engine = engine
  }

  /** Lets one call pass, or does not. `close` always passes. */
  abstract pass<T>(verb: Verb, run: () => Promise<T>): Promise<T>

  read(ids: readonly SessionId[]) {
    return this.pass('read', () => this.#engine.read(ids))
  }

  create(record: SessionRecord, limit: UserLimit | null, now: Instant) {
    return this.pass('create', () => this.#engine.create(record, limit, now))
  }

  replace(record: SessionRecord, expectedVersion: number, now: Instant) {
    return this.pass('replace', () => this.#engine.replace(record, expectedVersion, now))
  }

  touch(id: SessionId, seenAt: Instant, expiresAt: Instant) {
    return this.pass('touch', () => this.#engine.touch(id, seenAt, expiresAt))
  }

  end(id: SessionId, reason: EndReason, at: Instant) {
    return this.pass('end', () => this.#engine.end(id, reason, at))
  }

  list(user: UserKey, now: Instant) {
    return this.pass('list', () => this.#engine.list(user, now))
  }

  endUser(user: UserKey, reason: EndReason, at: Instant, except: SessionId | null) {
    return this.pass('endUser', () => this.#engine.endUser(user, reason, at, except))
  }

  due(now: Instant, limit: number) {
    return this.pass('due', () => this.#engine.due(now, limit))
  }

  settle(ids: readonly SessionId[], keepUntil: Instant | null) {
    return this.pass('settle', () => this.#engine.settle(ids, keepUntil))
  }

  scan(after: string | null, limit: number) {
    return this.pass('scan', () => this.#engine.scan(after, limit))
  }

  close() {
    return this.#engine.close()
  }
}

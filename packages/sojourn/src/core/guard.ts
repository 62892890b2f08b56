import type { Clock } from './clock.ts'
import { redacted, SessionError } from './errors.ts'
import type {
  Created,
  EndReason,
  Engine,
  EngineTraits,
  Instant,
  Milliseconds,
  Replaced,
  SessionId,
  SessionRecord,
  UserLimit,
} from './port.ts'

/** More operations than this at once are refused, so that a slow engine fills no memory (SECURITY T77). */
const IN_FLIGHT_LIMIT = 10_000

type Pending = {
  readonly dueAt: Milliseconds
  /** What a timeout means: a write may have happened, a read has not. */
  readonly code: 'ENGINE_UNAVAILABLE' | 'OUTCOME_UNKNOWN'
  readonly reject: (error: SessionError) => void
}

/** An engine that answers in bounded time, takes a bounded load, and fails only with a `SessionError`. */
export class GuardedEngine implements Engine {
  readonly traits: EngineTraits
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #timeout: Milliseconds
  /** In the order of their deadlines, because all have the same time limit. */
  readonly #pending = new Set<Pending>()
  #armed = false

  constructor(engine: Engine, clock: Clock, timeout: Milliseconds) {
    this.traits = engine.traits
    this.#engine = engine
    this.#clock = clock
    this.#timeout = timeout
  }

  read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    return this.#bounded('ENGINE_UNAVAILABLE', () => this.#engine.read(ids))
  }

  create(record: SessionRecord, limit: UserLimit | null, now: Instant): Promise<Created> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.create(record, limit, now))
  }

  replace(record: SessionRecord, expectedVersion: number, now: Instant): Promise<Replaced> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.replace(record, expectedVersion, now))
  }

  touch(id: SessionId, seenAt: Instant, expiresAt: Instant): Promise<boolean> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.touch(id, seenAt, expiresAt))
  }

  end(id: SessionId, reason: EndReason, at: Instant): Promise<boolean> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.end(id, reason, at))
  }

  list(userId: string, now: Instant): Promise<SessionRecord[]> {
    return this.#bounded('ENGINE_UNAVAILABLE', () => this.#engine.list(userId, now))
  }

  endUser(userId: string, reason: EndReason, at: Instant, except: SessionId | null): Promise<SessionId[]> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.endUser(userId, reason, at, except))
  }

  due(now: Instant, limit: number): Promise<SessionRecord[]> {
    return this.#bounded('ENGINE_UNAVAILABLE', () => this.#engine.due(now, limit))
  }

  settle(id: SessionId, keepUntil: Instant | null): Promise<void> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.settle(id, keepUntil))
  }

  /** Not bounded: closing waits for what was begun. */
  close(): Promise<void> {
    return this.#engine.close()
  }

  #bounded<T>(code: Pending['code'], run: () => Promise<T>): Promise<T> {
    if (this.#pending.size >= IN_FLIGHT_LIMIT) {
      return Promise.reject(new SessionError('OVERLOADED', `${IN_FLIGHT_LIMIT} operations are in flight.`))
    }
    return new Promise((resolve, reject) => {
      const entry: Pending = { dueAt: this.#clock.monotonic() + this.#timeout, code, reject }
      this.#pending.add(entry)
      this.#arm()
      started(run).then(
        (value) => {
          this.#pending.delete(entry)
          resolve(value)
        },
        (error: unknown) => {
          this.#pending.delete(entry)
          reject(wrapped(error))
        },
      )
    })
  }

  #arm(): void {
    const [first] = this.#pending
    if (this.#armed || first === undefined) return
    this.#armed = true
    this.#clock.after(first.dueAt - this.#clock.monotonic(), () => this.#expire())
  }

  #expire(): void {
    this.#armed = false
    const now = this.#clock.monotonic()
    for (const entry of this.#pending) {
      if (entry.dueAt > now) break
      this.#pending.delete(entry)
      entry.reject(new SessionError(entry.code, `No answer within ${this.#timeout} ms.`))
    }
    this.#arm()
  }
}

/** An engine that throws before it returns a promise fails like any other. */
function started<T>(run: () => Promise<T>): Promise<T> {
  try {
    return run()
  } catch (error) {
    return Promise.reject(error)
  }
}

/** No foreign error passes, and so none with a code that a framework reads as "absent" (SECURITY T76). */
function wrapped(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError('ENGINE_UNAVAILABLE', '', { cause: redacted(error) })
}

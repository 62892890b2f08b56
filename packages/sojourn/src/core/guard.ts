import type { Clock } from './clock.ts'
import { redacted, SessionError } from './errors.ts'
import { PendingCall, PendingCalls, type SilenceCode } from './pending-calls.ts'
import type {
  Created,
  DueRecord,
  EndReason,
  Engine,
  EngineTraits,
  Instant,
  Milliseconds,
  Page,
  Replaced,
  SessionId,
  SessionRecord,
  UserKey,
  UserLimit,
} from './port.ts'

/** More operations than this at once are refused, so that a slow engine fills no memory (SECURITY T77). */
const IN_FLIGHT_LIMIT = 10_000

/**
 * An engine that answers in bounded time and only what it was asked, takes a bounded load, and fails only with
 * a `SessionError`.
 */
export class GuardedEngine implements Engine {
  readonly traits: EngineTraits
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #timeout: Milliseconds
  /** In the order of their deadlines, because all have the same time limit. */
  readonly #pending = new PendingCalls()
  /** Calls that the engine has not answered, also those that nobody waits for any more: they cost memory. */
  #inFlight = 0
  #armed = false

  constructor(engine: Engine, clock: Clock, timeout: Milliseconds) {
    this.traits = engine.traits
    this.#engine = engine
    this.#clock = clock
    this.#timeout = timeout
  }

  read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    const run = () => this.#engine.read(ids)
    return this.#bounded('ENGINE_UNAVAILABLE', run, (records) => isAbout(records, ids))
  }

  create(record: SessionRecord, limit: UserLimit | null, now: Instant): Promise<Created> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.create(record, limit, now))
  }

  replace(record: SessionRecord, expectedVersion: number, now: Instant): Promise<Replaced> {
    const run = () => this.#engine.replace(record, expectedVersion, now)
    return this.#bounded('OUTCOME_UNKNOWN', run, (replaced) => {
      return replaced.outcome !== 'conflict' || isSameSession(replaced.current, record)
    })
  }

  touch(id: SessionId, seenAt: Instant, expiresAt: Instant): Promise<boolean> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.touch(id, seenAt, expiresAt))
  }

  end(id: SessionId, reason: EndReason, at: Instant): Promise<boolean> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.end(id, reason, at))
  }

  list(user: UserKey, now: Instant): Promise<SessionRecord[]> {
    const run = () => this.#engine.list(user, now)
    return this.#bounded('ENGINE_UNAVAILABLE', run, (records) => {
      return records.every((record) => record.userId === user.userId)
    })
  }

  endUser(user: UserKey, reason: EndReason, at: Instant, except: SessionId | null): Promise<SessionId[]> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.endUser(user, reason, at, except))
  }

  due(now: Instant, limit: number): Promise<DueRecord[]> {
    return this.#bounded('ENGINE_UNAVAILABLE', () => this.#engine.due(now, limit))
  }

  settle(ids: readonly SessionId[], keepUntil: Instant | null): Promise<void> {
    return this.#bounded('OUTCOME_UNKNOWN', () => this.#engine.settle(ids, keepUntil))
  }

  scan(after: string | null, limit: number): Promise<Page> {
    const run = () => this.#engine.scan(after, limit)
    return this.#bounded('ENGINE_UNAVAILABLE', run, ({ records }) => records.length <= limit)
  }

  /** Not bounded: closing waits for what was begun. */
  async close(): Promise<void> {
    try {
      await this.#engine.close()
    } catch (error) {
      throw wrapped(error, 'ENGINE_UNAVAILABLE')
    }
  }

  /** One promise for each call: this is on the way of every request. */
  #bounded<T>(code: SilenceCode, run: () => Promise<T>, isExpected = (_answer: T) => true): Promise<T> {
    if (this.#inFlight >= IN_FLIGHT_LIMIT) {
      return Promise.reject(new SessionError('OVERLOADED', `${IN_FLIGHT_LIMIT} operations are in flight.`))
    }
    return new Promise((resolve, reject) => {
      const call = new PendingCall(this.#clock.monotonic() + this.#timeout, code, reject)
      this.#pending.add(call)
      this.#arm()
      this.#inFlight += 1
      begun(run).then(
        (answer) => {
          this.#settled(call)
          const wrong = wrongWith(answer, code, isExpected)
          if (wrong === null) resolve(answer)
          else reject(wrong)
        },
        (error: unknown) => {
          this.#settled(call)
          reject(wrapped(error, code))
        },
      )
    })
  }

  #settled(call: PendingCall): void {
    this.#pending.remove(call)
    this.#inFlight -= 1
  }

  #arm(): void {
    const { first } = this.#pending
    if (this.#armed || first === null) return
    this.#armed = true
    this.#clock.after(first.dueAt - this.#clock.monotonic(), () => this.#expire())
  }

  #expire(): void {
    this.#armed = false
    const now = this.#clock.monotonic()
    const { first } = this.#pending
    for (let call = first; call !== null && call.dueAt <= now; call = this.#pending.first) {
      this.#pending.remove(call)
      call.reject(new SessionError(call.code, `No answer within ${this.#timeout} ms.`))
    }
    this.#arm()
  }
}

/** An engine that throws has failed like one that rejects; one that promises nothing has answered nothing. */
function begun<T>(run: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(run())
  } catch (error) {
    return Promise.reject(error)
  }
}

/** An answer about another session, or one that makes no sense, is not believed. */
function wrongWith<T>(answer: T, code: SilenceCode, isExpected: (answer: T) => boolean): SessionError | null {
  try {
    return isExpected(answer) ? null : new SessionError(code, 'It answered for another session.')
  } catch (error) {
    return wrapped(error, code)
  }
}

/** Replies that have shifted, such as after a cancelled command, are not believed (SECURITY T78). */
function isAbout(records: readonly (SessionRecord | null)[], ids: readonly SessionId[]): boolean {
  return (
    records.length === ids.length && records.every((record, index) => !record || record.id === ids[index])
  )
}

function isSameSession(a: SessionRecord, b: SessionRecord): boolean {
  return a.id === b.id && a.userId === b.userId
}

/**
 * No foreign error passes, and so none with a code that a framework reads as "absent" (SECURITY T76). What an
 * engine did not classify is, for a write, of unknown outcome.
 */
function wrapped(error: unknown, code: SilenceCode): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError(code, '', { cause: redacted(error) })
}

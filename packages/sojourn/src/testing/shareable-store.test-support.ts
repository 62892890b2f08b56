import { SessionError } from '../core/errors.ts'
import type { DueRecord, Engine, EngineTraits, SessionId, SessionRecord } from '../core/port.ts'
import { MemoryEngine } from '../engines/memory/memory-engine.ts'
import { type CutOff, UserIndex } from '../engines/memory/user-index.ts'
import type { StoreUnderTest } from './conformance-case.ts'

/** What a broken engine does otherwise than the engine that it wraps. */
export type Change = (engine: Engine, users: UserIndex) => Partial<Engine>

const TRAITS = {
  name: 'shareable',
  survives: 'process-crash',
  sharedBy: 'host',
  keepsDue: true,
  checksCutOff: 'on-read',
  staleMs: 0,
} as const

/** The same engine but for the methods that are given. */
export function over(engine: Engine, changes: Partial<Engine>): Engine {
  return {
    traits: engine.traits,
    read: (ids) => engine.read(ids),
    create: (record, limit, now) => engine.create(record, limit, now),
    replace: (record, expectedVersion, now) => engine.replace(record, expectedVersion, now),
    touch: (id, seenAt, expiresAt) => engine.touch(id, seenAt, expiresAt),
    end: (id, reason, at) => engine.end(id, reason, at),
    list: (userId, now) => engine.list(userId, now),
    endUser: (userId, reason, at, except) => engine.endUser(userId, reason, at, except),
    due: (now, limit) => engine.due(now, limit),
    settle: (ids, keepUntil) => engine.settle(ids, keepUntil),
    scan: (after, limit) => engine.scan(after, limit),
    close: () => engine.close(),
    ...changes,
  }
}

/** One of several handles on an engine that stays open when the handle is closed. */
function handleOn(engine: Engine): Engine {
  const begun = new Set<Promise<unknown>>()
  let isClosed = false
  const call = async <T>(verb: (engine: Engine) => Promise<T>): Promise<T> => {
    if (isClosed) throw new SessionError('STORE_CLOSED')
    const answer = verb(engine)
    begun.add(answer)
    return answer.finally(() => begun.delete(answer))
  }
  return {
    traits: engine.traits,
    read: (ids) => call((inner) => inner.read(ids)),
    create: (record, limit, now) => {
      const copy = structuredClone(record)
      return call((inner) => inner.create(copy, limit, now))
    },
    replace: (record, expectedVersion, now) => {
      const copy = structuredClone(record)
      return call((inner) => inner.replace(copy, expectedVersion, now))
    },
    touch: (id, seenAt, expiresAt) => call((inner) => inner.touch(id, seenAt, expiresAt)),
    end: (id, reason, at) => call((inner) => inner.end(id, reason, at)),
    list: (userId, now) => call((inner) => inner.list(userId, now)),
    endUser: (userId, reason, at, except) => call((inner) => inner.endUser(userId, reason, at, except)),
    due: (now, limit) => call((inner) => inner.due(now, limit)),
    settle: (ids, keepUntil) => call((inner) => inner.settle(ids, keepUntil)),
    scan: (after, limit) => call((inner) => inner.scan(after, limit)),
    close: async () => {
      await call(async () => undefined)
      isClosed = true
      await Promise.allSettled(begun)
    },
  }
}

/**
 * A store in memory with several handles that can be opened again, so that every case of the suite is for
 * it; with its engine, or each handle, changed.
 */
export async function shareableStore(
  change: Change = () => ({}),
  changeHandle: Change = () => ({}),
): Promise<StoreUnderTest> {
  const users = new UserIndex()
  const engine = engineOver(users, {})
  const changed = over(engine, change(engine, users))
  return {
    open: async () => {
      const handle = handleOn(changed)
      return over(handle, changeHandle(handle, users))
    },
    loseIndexEntry: async (userId, id) => loseFrom(users, userId, id),
  }
}

/** What a broken engine of the other traits does otherwise. */
export type LateChange = (engine: Engine, users: LateIndex) => Partial<Engine>

/** The same with the other traits: nothing is due, and what is only read is not held against the cut-off. */
export async function lateStore(change: LateChange = () => ({})): Promise<StoreUnderTest> {
  const users = new LateIndex()
  const engine = engineOver(users, { keepsDue: false, checksCutOff: 'on-write' })
  const late = over(engine, {
    read: (ids) => users.unchecked(() => engine.read(ids)),
    scan: (after, limit) => users.unchecked(() => engine.scan(after, limit)),
    due: async () => [],
  })
  const changed = over(late, change(late, users))
  return {
    open: async () => handleOn(changed),
    loseIndexEntry: async (userId, id) => loseFrom(users, userId, id),
  }
}

/** A user index that can look away from cut-offs, for as long as a call is in its one synchronous step. */
class LateIndex extends UserIndex {
  #looksAway = false

  unchecked<T>(step: () => T): T {
    this.#looksAway = true
    try {
      return step()
    } finally {
      this.#looksAway = false
    }
  }

  override cutOffOf(record: SessionRecord): CutOff | null {
    return this.#looksAway ? null : super.cutOffOf(record)
  }
}

function engineOver(users: UserIndex, traits: Partial<EngineTraits>): Engine {
  const memory = new MemoryEngine({ maxBytes: 2 ** 30, maxSessions: 1_000_000 }, users)
  return over(memory, { traits: { ...TRAITS, ...traits } })
}

export function loseFrom(users: UserIndex, userId: string | null, id: SessionId): void {
  for (const stored of users.sessionsOf(userId ?? '')) if (stored.record.id === id) users.unlist(stored)
}

/** Stores exactly this record, whatever rule of the port forbids it, in one synchronous step. */
export async function force(engine: Engine, record: SessionRecord): Promise<void> {
  const { id, ended } = record
  const steps: Promise<unknown>[] = [
    engine.end(id, 'admin', 0),
    engine.settle([id], null),
    engine.create({ ...record, ended: null }, null, record.expiresAt),
  ]
  if (ended !== null) steps.push(engine.end(id, ended.reason, ended.at))
  await Promise.all(steps)
}

/** A record as `due` would hand it out that nobody ended just now. */
export function asDue(record: SessionRecord): DueRecord {
  return { ...record, endedNow: false }
}

/** The stored record, or null. */
export async function recordOf(engine: Engine, id: SessionId): Promise<SessionRecord | null> {
  return (await engine.read([id]))[0] ?? null
}

/** Lets everything else that is waiting go first: where it stands, another call comes in between. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

import { AssertionError } from 'node:assert'
import { createHash } from 'node:crypto'
import { inspect, isDeepStrictEqual } from 'node:util'
import type { ErrorCode } from '../core/errors.ts'
import type {
  Created,
  Ended,
  Engine,
  Instant,
  Page,
  Replaced,
  SessionId,
  SessionRecord,
} from '../core/port.ts'
import { sampleUser } from './sample.ts'

/** Says what the engine did wrong, in the words of the port, when the two differ in any field or byte. */
export function same(actual: unknown, expected: unknown, wrong: string): void {
  const [was, should] = [plain(actual), plain(expected)]
  if (isDeepStrictEqual(was, should)) return
  const message = `${wrong}\n  expected: ${shown(should)}\n  actual:   ${shown(was)}`
  throw new AssertionError({ message, actual: was, expected: should, operator: 'deepStrictEqual' })
}

export function holds(condition: boolean, wrong: string): void {
  if (!condition) throw new AssertionError({ message: wrong, actual: false, expected: true, operator: '==' })
}

/** The codes are compared, not the class: another copy of the package may have thrown. */
export async function rejectsWith(
  code: ErrorCode,
  call: () => Promise<unknown>,
  wrong: string,
): Promise<void> {
  const outcome = await settled(call)
  same(outcome, { rejected: code }, wrong)
}

/** Creates records that nothing stands in the way of. */
export async function put(engine: Engine, ...records: readonly SessionRecord[]): Promise<void> {
  const outcomes = await Promise.all(records.map((record) => engine.create(record, null, record.createdAt)))
  const none: Created = { outcome: 'done', ended: [] }
  same(
    outcomes,
    Array.from(records, () => none),
    'create refused a new record, or ended another session',
  )
}

/** Ends sessions of which each is stored and has not ended. */
export async function finish(engine: Engine, at: Instant, ...ids: readonly SessionId[]): Promise<void> {
  const answers = await Promise.all(ids.map((id) => engine.end(id, 'logout', at)))
  same(
    answers,
    Array.from(ids, () => true),
    'end answered false for a session that had not ended',
  )
}

export async function isStored(engine: Engine, expected: SessionRecord, wrong: string): Promise<void> {
  same(await engine.read([expected.id]), [expected], wrong)
}

export async function isAbsent(engine: Engine, id: SessionId, wrong: string): Promise<void> {
  same(await engine.read([id]), [null], wrong)
}

/**
 * How a live record that its user's index has lost reads once the cut-off was held against it: by a touch
 * that moves nothing, where a write has to meet it; else by the read.
 */
export async function endByCutOff(engine: Engine, lost: SessionRecord): Promise<Ended | null> {
  if (engine.traits.checksCutOff === 'on-write') await engine.touch(lost.id, lost.seenAt, lost.expiresAt)
  const [record] = await engine.read([lost.id])
  same({ ...record, ended: null }, lost, 'the cut-off changed more of a session than its end')
  return record?.ended ?? null
}

/** What is due, without who ended it. A lease begins for each. */
export async function dueOf(engine: Engine, now: Instant, limit: number): Promise<SessionRecord[]> {
  return (await engine.due(now, limit)).map(({ endedNow: _, ...record }) => record)
}

/** A record as `due` hands it out and leaves it when its time is over. */
export function expired(record: SessionRecord): SessionRecord {
  const reason = record.expiresAt < record.absoluteAt ? 'idle' : 'absolute'
  return { ...record, ended: { at: record.expiresAt, reason } }
}

/** These are due, in this order, where what is due is kept; else nothing is. A lease begins for each. */
export async function isDue(
  engine: Engine,
  now: Instant,
  records: readonly SessionRecord[],
  wrong: string,
): Promise<void> {
  same(await dueOf(engine, now, 10), engine.traits.keepsDue ? records : [], wrong)
}

/** So many records are due, in any order. A lease begins for each. */
export async function areDue(engine: Engine, now: Instant, count: number, wrong: string): Promise<void> {
  const ids = idsOf(await engine.due(now, 10_000))
  same([ids.length, new Set(ids).size], engine.traits.keepsDue ? [count, count] : [0, 0], wrong)
}

/** The ids of the user's live sessions are these, in this order. */
export async function lists(
  engine: Engine,
  [userId, now]: readonly [string, Instant],
  ids: readonly SessionId[],
  wrong: string,
): Promise<void> {
  same(idsOf(await engine.list(sampleUser(userId), now)), ids, wrong)
}

/** How many pages a walk of these stores may have before it counts as endless. */
const MOST_PAGES = 5_000

/** All that a walk gives, page by page; `between` happens after each page. */
export async function walked(
  engine: Pick<Engine, 'scan'>,
  limit: number,
  between: (page: readonly SessionRecord[]) => Promise<unknown> = async () => null,
): Promise<SessionRecord[]> {
  const records: SessionRecord[] = []
  let after: string | null = null
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page: Page = await engine.scan(after, limit)
    holds(page.records.length <= limit, 'scan gave more records than its limit')
    records.push(...page.records)
    await between(page.records)
    if (page.next === null) return records
    after = page.next
  }
  throw new AssertionError({ message: 'scan gave page after page and no end' })
}

/** Each id once, in order. */
export function sortedIds(records: readonly SessionRecord[]): SessionId[] {
  return [...new Set(idsOf(records))].sort()
}

export function idsOf(records: readonly SessionRecord[]): SessionId[] {
  return records.map(({ id }) => id)
}

export function countOf(outcomes: readonly (Created | Replaced)[], outcome: string): number {
  return outcomes.filter((each) => each.outcome === outcome).length
}

async function settled(call: () => Promise<unknown>): Promise<unknown> {
  let promise: Promise<unknown>
  try {
    promise = call()
  } catch {
    return 'thrown instead of rejected'
  }
  return promise.then(
    () => 'resolved',
    (error: unknown) => ({ rejected: error instanceof Error && 'code' in error ? error.code : error }),
  )
}

/** The same value with bytes as text, so that a `Buffer` equals the `Uint8Array` of the same bytes. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesAsText(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

function bytesAsText(bytes: Uint8Array): string {
  if (bytes.byteLength <= 32) return `bytes ${Buffer.from(bytes).toString('hex')}`
  return `${bytes.byteLength} bytes, SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`
}

function shown(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 160, maxArrayLength: 12 }).replaceAll('\n', '\n    ')
}

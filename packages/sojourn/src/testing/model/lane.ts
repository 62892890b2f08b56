import { AssertionError } from 'node:assert'
import type { DueRecord, Engine, Instant, SessionId } from '../../core/port.ts'
import { LEASE_MS } from '../../core/port.ts'
import { expired } from '../claims.ts'
import { isSameRecord, shown } from './answer.ts'
import { type Answered, callOf, listing, reading } from './call-maker.ts'
import { dueAtOf, EMPTY, type LaneState, put } from './lane-state.ts'
import { userKeyOf } from './scene.ts'
import { type Burst, type Call, MOST_TICKS } from './script.ts'
import { type Event, explain, type Happened } from './serial-order.ts'

/** What one call of `due` gave, by id. */
export interface Lease {
  readonly now: Instant
  readonly records: ReadonlyMap<SessionId, DueRecord>
}

/** One interleaving on ids and users of its own, beside what the model knows of it. */
export class Lane {
  readonly ids: readonly SessionId[]
  readonly #users: readonly string[]
  #state: LaneState = EMPTY
  #bursts = 0

  constructor(ids: readonly SessionId[], users: readonly string[]) {
    this.ids = ids
    this.#users = users
  }

  /** Begins all calls of a burst, on one handle after the other, before any is answered. */
  begin({ calls, choice }: Burst, now: Instant, engines: readonly Engine[]): Promise<Answered>[] {
    const burst = { choice, calls: calls.map((call) => this.#worthwhile(call)) }
    this.#bursts += 1
    const scene = { ids: this.ids, users: this.#users, state: this.#state, burst, number: this.#bursts, now }
    return burst.calls.flatMap((call, index) => {
      const begin = callOf(scene, call)
      const engine = engines[index % engines.length]
      return begin === null || engine === undefined ? [] : [after(call.ticks, () => begin(engine))]
    })
  }

  /** What is there when all is answered: every record, and what each user sees. */
  async look(engine: Engine, now: Instant): Promise<Event[]> {
    const lists = Promise.all(this.#users.map((userId) => listing(engine, userKeyOf(userId, this.ids), now)))
    return [...(await reading(engine, this.ids)), ...(await lists)]
  }

  /** Compares what happened with the model, in any order of the calls. Throws when no order explains it. */
  settleOn(answered: readonly Answered[], leases: readonly Lease[], seen: readonly Event[]): void {
    const leased = leases.flatMap((each) => this.#leased(each))
    const happened = {
      writes: [...answered.flatMap(({ writes }) => writes), ...leased.flatMap(({ writes }) => writes)],
      during: [...answered.flatMap(({ during }) => during), ...leased.flatMap(({ during }) => during)],
      after: seen,
    }
    const state = explain(this.#state, happened)
    if (state === null) throw unexplained(this.#state, happened)
    this.#state = state
  }

  /** Most calls on an id that is absent become creates: an absent session teaches little. */
  #worthwhile(call: Call): Call {
    const isIdle = !this.#state.has(this.ids[call.slot] ?? '') && call.choice % 4 !== 0
    return isIdle && ['replace', 'touch', 'end'].includes(call.verb) ? { ...call, verb: 'create' } : call
  }

  /** A lease that ends a session is a write: in another order others would have seen it live. */
  #leased({ now, records }: Lease): Pick<Happened, 'writes' | 'during'>[] {
    return this.ids.map((id) => {
      const given = records.get(id) ?? null
      const event: Event = {
        text: () => `due(${now}) gave ${given === null ? `nothing of ${id}` : shown(given)}`,
        next: (state) => seeLease(state, [id, now], given),
      }
      return given?.endedNow === true ? { writes: [event], during: [] } : { writes: [], during: [event] }
    })
  }
}

function seeLease(
  state: LaneState,
  [id, now]: readonly [SessionId, Instant],
  given: DueRecord | null,
): LaneState | null {
  const entry = state.get(id)
  const isDue = entry !== undefined && dueAtOf(entry) <= now
  if (given === null) return isDue ? null : state
  if (!isDue || given.endedNow !== (entry.record.ended === null)) return null
  const record = given.endedNow ? expired(entry.record) : entry.record
  if (!isSameRecord(record, given)) return null
  return put(state, record, { leasedUntil: now + LEASE_MS })
}

async function after<T>(ticks: number, begin: () => Promise<T>): Promise<T> {
  for (let tick = 0; tick < Math.min(ticks, MOST_TICKS); tick++) await null
  for (let turn = MOST_TICKS; turn < ticks; turn++) await new Promise((resolve) => setImmediate(resolve))
  return begin()
}

function unexplained(before: LaneState, happened: Happened): AssertionError {
  const { writes, during, after: seen } = happened
  const byAnswers = explain(before, { writes, during: [], after: [] })
  const lines = [
    'No order of these concurrent calls explains what the engine answered and what was seen: it lost a',
    'write, revived a session, drifted from its index, exceeded a limit, or was not atomic.',
    ...titled('Stored before, by the model:', [...before.values()].map(shown)),
    ...titled(
      'Calls:',
      writes.map(({ text }) => text()),
    ),
    ...titled(
      'Seen meanwhile:',
      during.map(({ text }) => text()),
    ),
    ...(byAnswers === null
      ? ['The answers alone fit no order of the calls.']
      : titled('Stored after them, by the model:', [...byAnswers.values()].map(shown))),
    ...titled(
      'Seen after them:',
      seen.map((each) => `${fits(each, byAnswers)}${each.text()}`),
    ),
  ]
  return new AssertionError({ message: lines.join('\n') })
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)]
}

function fits(event: Event, state: LaneState | null): string {
  return state !== null && event.next(state) === null ? 'DIFFERS: ' : ''
}

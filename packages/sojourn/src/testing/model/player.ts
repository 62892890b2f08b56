import { AssertionError } from 'node:assert'
import type { Engine, Instant, SessionId, SessionRecord } from '../../core/port.ts'
import { LEASE_MS } from '../../core/port.ts'
import { sampleId } from '../sample.ts'
import { Lane, type Lease } from './lane.ts'
import { ABSOLUTE_MS, type Beat, type Interleaving, type Script, SLOTS } from './script.ts'

/** More than a run can ever have due at once. */
const ALL = 100_000
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Plays scripts on one store, each on ids and users that no other had, and leaves nothing behind. All lanes
 * of a script share the clock and what is due, and their calls are under way together.
 */
export class Player {
  readonly #engines: readonly Engine[]
  /** Left behind by scripts that failed; nobody's fault afterwards. */
  readonly #residue = new Set<SessionId>()
  #now: Instant
  #lanes = 0
  #turns = 0

  constructor(engines: readonly Engine[], startAt: Instant) {
    this.#engines = engines
    this.#now = startAt
  }

  async play({ beats, lanes }: Script): Promise<void> {
    const played = lanes.map((interleaving) => ({ lane: this.#newLane(), interleaving }))
    try {
      for (const [index, beat] of beats.entries()) {
        this.#now += beat.advanceMs
        await this.#beat(beat, index, played)
      }
      await this.#cleanUp(played.map(({ lane }) => lane))
    } catch (error) {
      for (const { lane } of played) for (const id of lane.ids) this.#residue.add(id)
      throw error
    } finally {
      this.#now += 4 * ABSOLUTE_MS
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #beat(
    beat: Beat,
    index: number,
    played: readonly { readonly lane: Lane; readonly interleaving: Interleaving }[],
  ): Promise<void> {
    const now = this.#now
    const early = this.#lease(Math.min(beat.dues, 1))
    const begun = played.map(({ lane, interleaving }) => {
      const burst = interleaving[index]
      return burst === undefined ? [] : lane.begin(burst, now, this.#engines)
    })
    const late = this.#lease(beat.dues - early.length)
    const answered = await Promise.all(begun.map((each) => Promise.all(each)))
    const leases = await Promise.all([...early, ...late])
    this.#assertKnown(
      leases,
      played.map(({ lane }) => lane),
    )
    const looks = await Promise.all(played.map(({ lane }) => lane.look(this.#engine, now)))
    for (const [at, { lane }] of played.entries()) lane.settleOn(answered[at] ?? [], leases, looks[at] ?? [])
  }

  /** Everything that is stored must come due where that is kept: whoever is missing was lost. Then it goes. */
  async #cleanUp(lanes: readonly Lane[]): Promise<void> {
    this.#now += 3 * ABSOLUTE_MS + LEASE_MS
    const leases = await Promise.all(this.#lease(1))
    this.#assertKnown(leases, lanes)
    const looks = await Promise.all(lanes.map((lane) => lane.look(this.#engine, this.#now)))
    for (const [at, lane] of lanes.entries()) lane.settleOn([], leases, looks[at] ?? [])
    const ids = lanes.flatMap((lane) => lane.ids)
    const found = [...leases.flatMap(({ records }) => [...records.values()]), ...(await this.#stored(ids))]
    const settled = [...new Map(found.map((record) => [record.id, record])).values()].map(
      async ({ id, ended }) => {
        if (ended === null) await this.#engine.end(id, 'idle', this.#now)
        await this.#engine.settle([id], null)
      },
    )
    await Promise.all(settled)
    const left = (await this.#stored(ids)).map(({ id }) => id)
    if (left.length > 0) throw wrong('settle did not forget what had ended', left)
  }

  async #stored(ids: readonly SessionId[]): Promise<SessionRecord[]> {
    return (await this.#engine.read(ids)).filter((record) => record !== null)
  }

  /** So many calls of `due`, begun now; none on an engine that does not keep what is due. */
  #lease(calls: number): Promise<Lease>[] {
    const engine = this.#engine
    return Array.from({ length: engine.traits.keepsDue ? calls : 0 }, async () => {
      const records = await engine.due(this.#now, ALL)
      return { now: this.#now, records: new Map(records.map((record) => [record.id, record])) }
    })
  }

  #assertKnown(leases: readonly Lease[], lanes: readonly Lane[]): void {
    const ids = leases.flatMap(({ records }) => [...records.keys()])
    if (ids.length === 0) return
    const known = new Set(lanes.flatMap((lane) => lane.ids))
    const strange = ids.filter((id) => !known.has(id) && !this.#residue.has(id))
    if (strange.length > 0) throw wrong('due gave a record that was forgotten or never stored', strange)
  }

  get #engine(): Engine {
    this.#turns += 1
    const engine = this.#engines[this.#turns % this.#engines.length]
    if (engine === undefined) throw new TypeError('The model needs at least one engine.')
    return engine
  }

  #newLane(): Lane {
    const number = this.#lanes
    this.#lanes += 1
    const bucket = `${ALPHABET[(number >> 6) % 64]}${ALPHABET[number % 64]}`
    const ids = Array.from({ length: SLOTS }, (_, slot) => sampleId(number * SLOTS + slot, bucket))
    return new Lane(ids, [`u_${number}`, `u_${number}_`])
  }
}

function wrong(message: string, ids: readonly SessionId[]): AssertionError {
  return new AssertionError({ message: `${message}: ${ids.join(', ')}` })
}

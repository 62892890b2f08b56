import type { Clock } from './clock.ts'
import type { Decoded } from './data-codec.ts'
import type { Milliseconds, SessionId, SessionRecord } from './port.ts'

/** What nobody asked for in this time goes, within twice of it. */
const KEPT_MS: Milliseconds = 10_000
/** One session each. A power of two. */
const PLACES = 4_096
/** All that is kept, as long as it is in the store. */
const MOST_BYTES = 2 * 1_024 * 1_024

type Stored = Pick<SessionRecord, 'id' | 'data'>

interface Kept<Data> {
  readonly bytes: Uint8Array
  readonly decoded: Decoded<Data>
  wasAskedFor: boolean
}

/**
 * What sessions were decoded to a moment ago: whoever was here comes again at once, because a page asks for its parts.
 * It is no cache of the store: each read fetches the record, and only the very same bytes give the same data again.
 * Each id has one place, which it shares with many. Data is kept when it is read for the second time in a row there: to
 * keep what is read once, of more users than there are places, costs more than to decode it.
 */
export class RecentData<Data> {
  readonly #clock: Clock
  /** Who was read last at each place. */
  readonly #ids = new Array<SessionId>(PLACES).fill('')
  readonly #kept = new Array<Kept<Data> | null>(PLACES).fill(null)
  #bytes = 0
  #stopAging: (() => void) | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find({ id, data }: Stored): Decoded<Data> | null {
    const place = placeOf(id)
    const kept = this.#ids[place] === id ? this.#kept[place] : null
    if (!kept) return null
    if (Buffer.compare(kept.bytes, data) !== 0) {
      this.#give(place, '')
      return null
    }
    kept.wasAskedFor = true
    return kept.decoded
  }

  /** @param decoded what nobody can change */
  note({ id, data }: Stored, decoded: Decoded<Data>): void {
    const place = placeOf(id)
    if (this.#ids[place] !== id) {
      this.#give(place, id)
      return
    }
    if (this.#bytes + data.byteLength > MOST_BYTES) return
    // A copy, because an engine may hand out a view of a larger buffer.
    this.#keep(place, { bytes: new Uint8Array(data), decoded, wasAskedFor: true })
  }

  clear(): void {
    this.#stopAging?.()
    this.#stopAging = null
    for (let place = 0; place < PLACES; place += 1) this.#give(place, '')
  }

  #give(place: number, id: SessionId): void {
    this.#ids[place] = id
    this.#keep(place, null)
  }

  #keep(place: number, kept: Kept<Data> | null): void {
    this.#bytes += (kept?.bytes.byteLength ?? 0) - (this.#kept[place]?.bytes.byteLength ?? 0)
    this.#kept[place] = kept
    if (kept !== null) this.#stopAging ??= this.#clock.after(KEPT_MS, () => this.#age())
  }

  #age(): void {
    for (const [place, kept] of this.#kept.entries()) {
      if (kept === null) continue
      if (!kept.wasAskedFor) this.#give(place, '')
      kept.wasAskedFor = false
    }
    this.#stopAging = this.#bytes === 0 ? null : this.#clock.after(KEPT_MS, () => this.#age())
  }
}

/** Ids are random at the end, so that any few bits of them will do. */
function placeOf(id: SessionId): number {
  let mixed = 0
  for (let index = id.length - 4; index < id.length; index += 1) {
    mixed = Math.imul(mixed, 31) + id.charCodeAt(index)
  }
  return mixed & (PLACES - 1)
}

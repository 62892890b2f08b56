import type { Clock } from './clock.ts'
import type { Decoded } from './data-codec.ts'
import type { Milliseconds, SessionId, SessionRecord } from './port.ts'

/** What nobody asked for in this time goes, within twice of it. */
const KEPT_MS: Milliseconds = 10_000
/** One session each. A power of two. */
const PLACES = 4_096
/** Of all that is kept: its bytes in the store, and so many more for each value, which takes a byte there and fifty here. */
const MOST_WEIGHT = 4 * 1_024 * 1_024
const VALUE_WEIGHT = 16

type Stored = Pick<SessionRecord, 'id' | 'data'>

interface Kept<Data> {
  readonly bytes: Uint8Array
  readonly decoded: Decoded<Data>
  readonly weight: number
  wasAskedFor: boolean
}

interface Place<Data> {
  /** Who was read last here. */
  id: SessionId
  kept: Kept<Data> | null
}

/**
 * What sessions were decoded to a moment ago: whoever was here comes again at once, because a page asks for its parts.
 * It is no cache of the store: each read fetches the record, and only the very same bytes give the same data again.
 * Each id has one place, which it shares with many. Data is kept when it is read for the second time in a row there: to
 * keep what is read once, of more users than there are places, costs more than to decode it.
 */
export class RecentData<Data> {
  readonly #clock: Clock
  readonly #places = new Map<number, Place<Data>>()
  #weight = 0
  #stopAging: (() => void) | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find({ id, data }: Stored): Decoded<Data> | null {
    const place = this.#places.get(placeOf(id))
    if (place === undefined || place.id !== id || place.kept === null) return null
    const { kept } = place
    if (Buffer.compare(kept.bytes, data) !== 0) {
      this.#give(place, '')
      return null
    }
    kept.wasAskedFor = true
    return kept.decoded
  }

  /** @param decoded what nobody can change, of so many values */
  note({ id, data }: Stored, decoded: Decoded<Data>, values: number): void {
    const number = placeOf(id)
    const place = this.#places.get(number)
    const weight = data.byteLength + VALUE_WEIGHT * values
    if (place === undefined) this.#places.set(number, { id, kept: null })
    else if (place.id !== id) this.#give(place, id)
    else if (this.#weight + weight <= MOST_WEIGHT) {
      // A copy, because an engine may hand out a view of a larger buffer.
      this.#keep(place, { bytes: new Uint8Array(data), decoded, weight, wasAskedFor: true })
    }
  }

  clear(): void {
    this.#stopAging?.()
    this.#stopAging = null
    this.#places.clear()
    this.#weight = 0
  }

  #give(place: Place<Data>, id: SessionId): void {
    place.id = id
    this.#keep(place, null)
  }

  #keep(place: Place<Data>, kept: Kept<Data> | null): void {
    this.#weight += (kept?.weight ?? 0) - (place.kept?.weight ?? 0)
    place.kept = kept
    if (kept !== null) this.#stopAging ??= this.#clock.after(KEPT_MS, () => this.#age())
  }

  #age(): void {
    for (const place of this.#places.values()) {
      if (place.kept === null) continue
      if (!place.kept.wasAskedFor) this.#give(place, '')
      else place.kept.wasAskedFor = false
    }
    this.#stopAging = this.#weight === 0 ? null : this.#clock.after(KEPT_MS, () => this.#age())
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

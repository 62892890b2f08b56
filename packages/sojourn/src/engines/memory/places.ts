import type { SessionId } from '../../core/port.ts'
import { foreignPage } from '../pages.ts'

/** So many empty places a page passes over: after a peak most are. */
const EMPTY_A_PAGE = 10_000
const PLACE = /^\d{1,9}$/

/**
 * A row of places for a walk to go along. A record keeps its place for as long as it is stored, so whatever comes and
 * goes meanwhile, a walk comes by it exactly once. Who comes takes the place that was given back last.
 */
export class Places {
  readonly #row: (SessionId | null)[] = []
  readonly #empty: number[] = []

  take(id: SessionId): number {
    const place = this.#empty.pop() ?? this.#row.length
    this.#row[place] = id
    return place
  }

  free(place: number): void {
    this.#row[place] = null
    this.#empty.push(place)
  }

  /** At most `size` ids from this place on. @throws SessionError `INVALID_ARGUMENT` */
  page(after: string | null, size: number): { readonly ids: SessionId[]; readonly next: string | null } {
    if (after !== null && !PLACE.test(after)) throw foreignPage()
    const ids: SessionId[] = []
    const first = Number(after)
    const end = Math.min(this.#row.length, first + size + EMPTY_A_PAGE)
    let place = first
    while (place < end && ids.length < size) {
      const id = this.#row[place] ?? null
      if (id !== null) ids.push(id)
      place += 1
    }
    return { ids, next: place < this.#row.length ? String(place) : null }
  }
}

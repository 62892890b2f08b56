import type { Instant, SessionId } from '../../core/port.ts'

/*
 * A user's sessions that have not ended, in one row, oldest first: for each createdAt u48, id, and a deadline
 * u48 that the session has at least. A touch moves deadlines forward only and leaves the row alone, so most
 * sessions are known to be live without a look at their record.
 */
const INSTANT_BYTES = 6
const ID_BYTES = 16
const DEADLINE = INSTANT_BYTES + ID_BYTES
const ENTRY_BYTES = DEADLINE + INSTANT_BYTES

export interface UserSession {
  readonly createdAt: Instant
  readonly id: SessionId
  readonly liveUntil: Instant
}

export class UserSessions {
  readonly #bytes: Buffer

  constructor(bytes: Buffer | null) {
    this.#bytes = bytes ?? Buffer.alloc(0)
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  get ids(): SessionId[] {
    return Array.from({ length: this.#count }, (_, index) => this.#id(index))
  }

  /** The sessions whose deadline at least is after `now`, or that `isLive` knows to live. */
  live(now: Instant, isLive: (id: SessionId) => boolean): SessionId[] {
    const ids: SessionId[] = []
    for (let index = 0; index < this.#count; index++) {
      const id = this.#id(index)
      if (now < this.#liveUntil(index) || isLive(id)) ids.push(id)
    }
    return ids
  }

  with(session: UserSession): UserSessions {
    const entry = Buffer.allocUnsafe(ENTRY_BYTES)
    entry.writeUIntBE(session.createdAt, 0, INSTANT_BYTES)
    entry.write(session.id, INSTANT_BYTES, 'latin1')
    entry.writeUIntBE(session.liveUntil, DEADLINE, INSTANT_BYTES)
    const at = this.#placeOf(entry) * ENTRY_BYTES
    return new UserSessions(Buffer.concat([this.#bytes.subarray(0, at), entry, this.#bytes.subarray(at)]))
  }

  without(ids: ReadonlySet<SessionId>): UserSessions {
    const kept: Buffer[] = []
    for (let index = 0; index < this.#count; index++) {
      if (!ids.has(this.#id(index))) kept.push(this.#entry(index))
    }
    return new UserSessions(Buffer.concat(kept))
  }

  /** Null where the row need not change: the session is not in it, or has that deadline at least. */
  shortened(id: SessionId, liveUntil: Instant): UserSessions | null {
    for (let index = 0; index < this.#count; index++) {
      if (this.#id(index) !== id) continue
      if (this.#liveUntil(index) <= liveUntil) return null
      const bytes = Buffer.from(this.#bytes)
      bytes.writeUIntBE(liveUntil, index * ENTRY_BYTES + DEADLINE, INSTANT_BYTES)
      return new UserSessions(bytes)
    }
    return null
  }

  /** A row that was cut short loses its last entry, not the store its process. */
  get #count(): number {
    return Math.floor(this.#bytes.byteLength / ENTRY_BYTES)
  }

  #entry(index: number): Buffer {
    return this.#bytes.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES)
  }

  #id(index: number): SessionId {
    const at = index * ENTRY_BYTES + INSTANT_BYTES
    return this.#bytes.toString('latin1', at, at + ID_BYTES)
  }

  #liveUntil(index: number): Instant {
    return this.#bytes.readUIntBE(index * ENTRY_BYTES + DEADLINE, INSTANT_BYTES)
  }

  /** Before the first entry that is younger, or as old with a greater id. New sessions mostly go last. */
  #placeOf(entry: Buffer): number {
    let place = this.#count
    while (place > 0 && this.#entry(place - 1).compare(entry, 0, DEADLINE, 0, DEADLINE) > 0) place--
    return place
  }
}

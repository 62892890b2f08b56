import type { EndReason, Instant, SessionId, SessionRecord } from '../../core/port.ts'
import { byAge, isLive, type Stored } from './stored.ts'

export interface CutOff {
  readonly at: Instant
  readonly reason: EndReason
  readonly except: SessionId | null
}

interface User {
  /** Sessions that have not ended; expired ones stay until somebody ends them. */
  readonly sessions: Set<Stored>
  /** All stored records of the user, tombstones included. The entry lives as long as one of them. */
  records: number
  cutOff: CutOff | null
}

/**
 * The sessions and the cut-off of each user. A cut-off goes with the user's last record: with no record
 * stored there is nothing that it could cut, and a later create makes it give way anyway.
 */
export class UserIndex {
  readonly #users = new Map<string, User>()

  /** How many users have a stored record. */
  get size(): number {
    return this.#users.size
  }

  add(stored: Stored): void {
    const { userId, createdAt } = stored.record
    if (userId === null) return
    const user = this.#users.get(userId) ?? { sessions: new Set<Stored>(), records: 0, cutOff: null }
    this.#users.set(userId, user)
    user.sessions.add(stored)
    user.records += 1
    if (user.cutOff !== null && createdAt < user.cutOff.at) user.cutOff = { ...user.cutOff, at: createdAt }
  }

  /** The session has ended: its record stays, its place among the user's sessions goes. */
  unlist(stored: Stored): void {
    this.#userOf(stored.record)?.sessions.delete(stored)
  }

  /** The record is forgotten. */
  forget(stored: Stored): void {
    const { userId } = stored.record
    const user = this.#userOf(stored.record)
    if (userId === null || user === null) return
    user.sessions.delete(stored)
    user.records -= 1
    if (user.records === 0) this.#users.delete(userId)
  }

  /** Sessions that have not ended, the expired ones too, oldest first. */
  sessionsOf(userId: string): Stored[] {
    return [...(this.#users.get(userId)?.sessions ?? [])].sort(byAge)
  }

  liveOf(userId: string, now: Instant): Stored[] {
    return this.sessionsOf(userId).filter((stored) => isLive(stored, now))
  }

  cut(userId: string, cutOff: CutOff): void {
    const user = this.#users.get(userId)
    if (user === undefined) return
    if (user.cutOff === null || cutOff.at > user.cutOff.at) user.cutOff = cutOff
  }

  /** The cut-off that ended this record although the index had lost it; null when there is none. */
  cutOffOf(record: SessionRecord): CutOff | null {
    const cutOff = this.#userOf(record)?.cutOff ?? null
    if (cutOff === null || record.ended !== null || record.id === cutOff.except) return null
    return record.createdAt < cutOff.at ? cutOff : null
  }

  #userOf({ userId }: SessionRecord): User | null {
    return userId === null ? null : (this.#users.get(userId) ?? null)
  }
}

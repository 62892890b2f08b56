import type { SessionId } from './port.ts'
import type { Session } from './session.ts'

/** The data of the sessions that are raced over. */
export interface Score {
  /** Counts acknowledged increments; carried by a log-in. */
  count?: number
  /** The same for `updateUser`; not carried. */
  bonus?: number
}

export interface Range {
  readonly min: number
  readonly max: number
}

/** What a bystander knows of one session, from the answers and events alone. */
export class Known {
  readonly id: SessionId
  /** Increments that were acknowledged, and those that may have happened. */
  readonly count = { sure: 0, maybe: 0 }
  readonly bonus = { sure: 0, maybe: 0 }
  /** Every token that was issued for it, oldest first. */
  readonly tokens: string[] = []
  userId: string | null = null
  /** A session object from some time ago. */
  stale: Session<Score> | null = null
  carriedFrom: Known | null = null
  /** Whether a failure hid how much was carried. */
  isCarryUnsure = false
  /** How many `ended` events named it. */
  ends = 0
  /** Whether it was once found ended, expired or gone. */
  isDead = false
  /** Whether its create was answered. */
  isIssued = false

  constructor(id: SessionId) {
    this.id = id
  }

  /** The least and the most that its count may be. */
  get countRange(): Range {
    const { min, max } = this.carriedFrom?.countRange ?? { min: 0, max: 0 }
    const { sure, maybe } = this.count
    return { min: (this.isCarryUnsure ? 0 : min) + sure, max: max + sure + maybe }
  }

  get bonusRange(): Range {
    const { sure, maybe } = this.bonus
    return { min: sure, max: sure + maybe }
  }
}

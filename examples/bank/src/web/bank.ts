import type { Duration, SessionStore } from 'sojourn'
import type { BankArchive } from '../archive/bank-archive.ts'
import type { GuessLimit } from '../customers/guess-limit.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { BankSession } from '../session/bank-session.ts'

/** What the pages work with. Everything that a person leaves behind between two clicks is in one of these. */
export interface Bank {
  readonly sessions: SessionStore<BankSession>
  /** Null where ended sessions are forgotten; then there is no page of past sessions, and no draft comes back. */
  readonly archive: BankArchive | null
  readonly ledger: Ledger
  readonly guesses: GuessLimit
  /** How long a password counts as fresh for what is sensitive. */
  readonly recentAuth: Duration
}

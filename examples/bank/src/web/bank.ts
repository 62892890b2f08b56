import type { Duration, SessionStore } from 'sojourn'
import type { GuessLimit } from '../customers/guess-limit.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { BankSession } from '../session/bank-session.ts'

/** What the pages work with. Everything that a person leaves behind between two clicks is in one of these. */
export interface Bank {
  readonly sessions: SessionStore<BankSession>
  readonly ledger: Ledger
  readonly guesses: GuessLimit
  /** How long a password counts as fresh for what is sensitive. */
  readonly recentAuth: Duration
}

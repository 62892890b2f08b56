import type { PastSession } from 'sojourn'
import { parseIban } from '../ledger/iban.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { TransferDraft } from '../session/bank-session.ts'
import type { BankArchive } from './bank-archive.ts'
import { keptIn } from './kept-session.ts'

/** A draft in an older session is no longer offered. */
const SESSIONS = 20

/** A transfer that a session held when it ended. */
export interface WaitingDraft {
  readonly sessionId: string
  readonly draft: TransferDraft
  readonly device: string | null
  readonly endedAt: number
}

export interface DraftSource {
  readonly archive: BankArchive | null
  readonly ledger: Ledger
}

/**
 * The customer's last draft that was neither sent nor discarded nor taken up again; null when there is none.
 * An ended session is archived some seconds later, so it is worth asking again.
 * @throws SessionError `ARCHIVE_UNAVAILABLE`
 */
export async function waitingDraft(source: DraftSource, customerId: string): Promise<WaitingDraft | null> {
  const { archive, ledger } = source
  if (archive === null) return null
  const past = await archive.sessions.history({ userId: customerId, limit: SESSIONS })
  const waiting = draftsIn(past, ledger, customerId)
  if (waiting.length === 0) return null
  const taken = await archive.taken(waiting.map(({ sessionId }) => sessionId))
  return waiting.find(({ sessionId }) => !taken.has(sessionId)) ?? null
}

/** The drafts that these sessions of the customer ended with, as far as they can be sent. */
export function draftsIn(
  past: readonly PastSession[],
  ledger: Ledger,
  customerId: string,
): readonly WaitingDraft[] {
  return past.flatMap((session) => draftIn(session, ledger, customerId) ?? [])
}

function draftIn(session: PastSession, ledger: Ledger, customerId: string): WaitingDraft | null {
  // Somebody had a copy of that session's token, and may have written the draft.
  if (session.reason === 'reuse') return null
  const { draft, device } = keptIn(session)
  if (draft === null || !isPossible(draft, ledger, customerId)) return null
  // What was confirmed there must be confirmed here again.
  return {
    sessionId: session.id,
    draft: { ...draft, confirmedAt: null },
    device,
    endedAt: session.endedAt,
  }
}

/** A draft is as good as what a form brings: it is checked again. And one that a crash left behind may be booked. */
function isPossible({ id, to, fromAccountId }: TransferDraft, ledger: Ledger, customerId: string): boolean {
  return (
    parseIban(to.iban) === to.iban &&
    ledger.account(customerId, fromAccountId) !== null &&
    ledger.transaction(customerId, id) === null
  )
}

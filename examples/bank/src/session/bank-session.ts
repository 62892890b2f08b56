import { z } from 'zod'
import { LANGUAGES } from '../language/languages.ts'

/** A transfer that is being written, page by page. It is gone when it is sent or discarded. */
const TransferDraft = z.object({
  /** Becomes the id of the booking, so that the same draft is never paid twice. */
  id: z.string(),
  to: z.object({ name: z.string().min(1).max(70), iban: z.string() }),
  fromAccountId: z.string(),
  amountCents: z.bigint().positive().nullable(),
  note: z.string().max(140),
  confirmedAt: z.date().nullable(),
})

/** Only keys: what an account holds is in the ledger, and a session never repeats it. */
const Viewed = z.object({ kind: z.enum(['account', 'transaction']), id: z.string() })

export const RECENT_LIMIT = 4
export const THEMES = ['system', 'light', 'dark'] as const

/**
 * What this application keeps in a session. sojourn checks every write against it, so that no page can ever
 * read something else. Any library of the Standard Schema kind would do: zod is one of them.
 */
export const BankSession = z.object({
  /** Null: as the browser asks. */
  language: z.enum(LANGUAGES).nullable(),
  theme: z.enum(THEMES),
  draft: TransferDraft.nullable(),
  recentlyViewed: z.array(Viewed).max(RECENT_LIMIT),
})

export type BankSession = z.infer<typeof BankSession>
export type TransferDraft = z.infer<typeof TransferDraft>
export type Viewed = z.infer<typeof Viewed>

/** What a visitor starts with. Nothing is stored until one of these changes. */
export function initialSession(): BankSession {
  return { language: null, theme: 'system', draft: null, recentlyViewed: [] }
}

declare module 'sojourn/express' {
  /** With this, `req.session.data` has the type above in every route. */
  interface Register {
    data: BankSession
  }
}

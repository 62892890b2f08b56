import type { Ending, PastSession } from 'sojourn'
import { z } from 'zod'
import { BankSession } from '../session/bank-session.ts'

/** What the archive keeps of a session. A field that does not fit, because of an older or a strange row, is left out. */
const Kept = z.object({
  device: z.string().max(200).nullable().catch(null),
  language: BankSession.shape.language.catch(null),
  theme: BankSession.shape.theme.catch('system'),
  recentlyViewed: BankSession.shape.recentlyViewed.catch([]),
  draft: BankSession.shape.draft.catch(null),
})
type Kept = z.infer<typeof Kept>

const NOTHING: Kept = { device: null, language: null, theme: 'system', recentlyViewed: [], draft: null }

/**
 * The `select` of the archive: field by field, so that what a session will hold one day does not leave the store by
 * itself. Of a visitor who never logged in nothing is kept.
 */
export function keptOf({ userId, device, data }: Ending<BankSession>): Kept | null {
  if (userId === null) return null
  const { language, theme, recentlyViewed, draft } = data
  return {
    device: device?.label ?? null,
    language,
    theme,
    recentlyViewed: recentlyViewed.map(({ kind, id }) => ({ kind, id })),
    draft: draft && { ...draft, to: { ...draft.to } },
  }
}

/** What was kept of a session, as far as this bank understands it. */
export function keptIn({ data }: Pick<PastSession, 'data'>): Kept {
  const parsed = Kept.safeParse(data)
  return parsed.success ? parsed.data : NOTHING
}

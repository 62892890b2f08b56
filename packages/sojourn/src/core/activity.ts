import { throttleFor } from './lifetime.ts'
import type { Instant, Milliseconds, SessionRecord } from './port.ts'

/** A use of a session: when it was, and until when the session lives for it. */
export interface Activity {
  readonly seenAt: Instant
  readonly expiresAt: Instant
}

/** Callers that count their deadline anew from the clock lose a millisecond at each of its ticks. */
const JITTER_MS: Milliseconds = 10

/**
 * The times of a session after a use. The later use counts, also with an earlier deadline; one that came later but was
 * earlier changes nothing.
 */
export function afterActivity(
  { seenAt, expiresAt, absoluteAt }: Pick<SessionRecord, 'seenAt' | 'expiresAt' | 'absoluteAt'>,
  use: Activity,
): Activity {
  if (use.seenAt < seenAt) return { seenAt, expiresAt }
  const wanted = Math.min(use.expiresAt, absoluteAt)
  const isShorter = wanted < expiresAt
  if (isShorter && expiresAt - wanted <= jitterOf(use)) return { seenAt, expiresAt }
  // Of two deadlines of one instant an engine keeps the later one.
  const at = isShorter && use.seenAt === seenAt ? seenAt + 1 : use.seenAt
  return { seenAt: at, expiresAt: wanted }
}

/** How long a use may wait to be recorded, by the time that it gives. */
export function throttleOf({ seenAt, expiresAt }: Activity): Milliseconds {
  return throttleFor(Math.max(0, expiresAt - seenAt))
}

/** Short deadlines are kept to the millisecond. */
function jitterOf(use: Activity): Milliseconds {
  return Math.min(JITTER_MS, throttleOf(use))
}

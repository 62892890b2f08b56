import type { Session, SessionStore } from 'sojourn'

const SOON_MS = 60_000
const POLL_MS = 15_000

/** What the countdown of a page needs to know. Durations in milliseconds. */
export interface TimeLeft {
  readonly leftMs: number
  /** From here on the page asks whether somebody is still there. */
  readonly warnMs: number
  /** How often the page asks whether the session is still alive. */
  readonly pollMs: number
  readonly endsAt: number
  /** False near the absolute timeout, which no activity moves. */
  readonly canStay: boolean
}

/** Whether the request at hand is activity of the person: not when a page polls by itself. */
export type Counts = 'active' | 'polling'

/**
 * How long a session will live from now on. sojourn records activity after the answer and not every time
 * (at most once in a tenth of the idle timeout); this says what it will have recorded.
 */
export function timeLeft<Data>(
  sessions: SessionStore<Data>,
  session: Session<Data>,
  counts: Counts,
): TimeLeft {
  const { idle, throttle } = sessions.policy.lifetime
  const now = sessions.clock.now()
  const isRecorded = counts === 'active' && now - session.seenAt >= throttle
  const endsAt = isRecorded ? Math.min(now + idle, session.absoluteAt) : session.expiresAt
  return {
    leftMs: Math.max(0, endsAt - now),
    warnMs: Math.min(SOON_MS, idle / 2),
    pollMs: Math.min(POLL_MS, idle / 4),
    endsAt,
    canStay: endsAt < session.absoluteAt,
  }
}

import type { Clock } from './clock.ts'
import type { EndReason, Instant, SessionId } from './port.ts'

/** The events that can be told to other processes. */
export const FEED_NAMES = ['created', 'rotated', 'reauthenticated', 'ended', 'reuseDetected'] as const
export type FeedName = (typeof FEED_NAMES)[number]

interface AboutSession {
  readonly at: Instant
  readonly id: SessionId
  /** Null for an anonymous session, and where the feed carries no users. */
  readonly userId: string | null
}

/** An event as other processes are told it: no token, no digest, no data (SECURITY T14). */
export type FeedEvent =
  | (AboutSession & { readonly name: Exclude<FeedName, 'ended'> })
  | (AboutSession & { readonly name: 'ended'; readonly reason: EndReason })

/** What a feed calls. None of it throws. */
export interface FeedEars {
  /** What another process told; never what this one did. */
  readonly told: (event: FeedEvent) => void
  /** Others may have told something that is not heard any more. */
  readonly missed: () => void
  /** An entry was no event, and is skipped (hostile bytes, another release). */
  readonly refused: () => void
  /** A look at the feed failed; there will be another one. */
  readonly failed: () => void
}

/**
 * Carries the events of a store to other processes and services. It is no source of truth: an event may be lost, and
 * what it says is looked up before anything follows from it.
 */
export interface EventFeed {
  /** Which events it takes. */
  readonly carries: readonly FeedName[]
  /** One end for one store, which is one origin. Does nothing until it is asked to. */
  readonly open: (ears: FeedEars, clock: Clock) => FeedLine
}

/** A store's end of a feed. */
export interface FeedLine {
  /**
   * Begins to listen. Resolves when whatever others tell from then on will be heard; rejects when that is not so
   * yet, and goes on trying.
   */
  listen(): Promise<void>
  /** Tells others; how many they are sure to hear. Sends nothing twice. One call at a time. */
  publish(events: readonly FeedEvent[]): Promise<number>
  /** Hears nothing more, and ends what it opened. */
  close(): Promise<void>
}

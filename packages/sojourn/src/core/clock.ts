import type { Instant, Milliseconds } from './port.ts'

/** Where time comes from. Injected once, when a store is created; tests bring one that stands still. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump. */
  now(): Instant
  /** Milliseconds since some fixed point. Never jumps. */
  monotonic(): Milliseconds
  /** Runs `task` once after `delay`, unless the returned function is called before. Keeps no process alive. */
  after(delay: Milliseconds, task: () => void): () => void
}

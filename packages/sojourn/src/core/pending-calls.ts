import type { SessionError } from './errors.ts'
import type { Milliseconds } from './port.ts'

/** What it means when no good answer comes: a write may have happened, a read has not. */
export type SilenceCode = 'ENGINE_UNAVAILABLE' | 'OUTCOME_UNKNOWN'

/** A call that somebody waits for. */
export class PendingCall {
  readonly dueAt: Milliseconds
  readonly code: SilenceCode
  readonly reject: (error: SessionError) => void
  previous: PendingCall | null = null
  next: PendingCall | null = null

  constructor(dueAt: Milliseconds, code: SilenceCode, reject: (error: SessionError) => void) {
    this.dueAt = dueAt
    this.code = code
    this.reject = reject
  }
}

/**
 * Calls in the order in which they were made. A list through the calls themselves, because each request makes some
 * and takes them out again: in a `Set` that takes a twentieth of the time of a read.
 */
export class PendingCalls {
  #first: PendingCall | null = null
  #last: PendingCall | null = null

  get first(): PendingCall | null {
    return this.#first
  }

  /** Adds a call that is in no list. */
  add(call: PendingCall): void {
    call.previous = this.#last
    if (this.#last === null) this.#first = call
    else this.#last.next = call
    this.#last = call
  }

  /** Takes a call out; nothing happens when it is not in the list any more. */
  remove(call: PendingCall): void {
    const { previous, next } = call
    if (previous === null && this.#first !== call) return
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    call.previous = null
    call.next = null
  }
}

import { type Clock, type Milliseconds, SessionError } from '../core/index.ts'
import { type HttpEventListener, tell } from './http-events.ts'
import { networkOf } from './network.ts'
import { SlidingWindow } from './sliding-window.ts'

/** How many anonymous sessions this process creates at most (SECURITY T56). */
export interface AnonymousOptions {
  /** Per address (IPv6: per /64) and minute. Default 60. */
  readonly perAddressPerMinute?: number
  /** In all, per second. Default 1,000. It also bounds the memory that counting takes. */
  readonly totalPerSecond?: number
}

const PER_ADDRESS = 60
const TOTAL = 1_000
const MINUTE: Milliseconds = 60_000
const SECOND: Milliseconds = 1_000
const HIGHEST = 1_000_000
const EVERYBODY = ''

/** Keeps visitors without a log-in from filling the store. Counts only what it let through. */
export class AnonymousLimit {
  readonly #clock: Clock
  readonly #perAddress: SlidingWindow
  readonly #total: SlidingWindow
  readonly #listener: HttpEventListener | null

  /** @throws SessionError `INVALID_ARGUMENT` */
  constructor(options: AnonymousOptions, clock: Clock, listener: HttpEventListener | null) {
    const { perAddressPerMinute = PER_ADDRESS, totalPerSecond = TOTAL } = options
    this.#clock = clock
    this.#listener = listener
    this.#perAddress = new SlidingWindow(whole(perAddressPerMinute, 'perAddressPerMinute'), MINUTE)
    this.#total = new SlidingWindow(whole(totalPerSecond, 'totalPerSecond'), SECOND)
  }

  /** @throws SessionError `ANONYMOUS_LIMIT` */
  take(address: string | undefined): void {
    const now = this.#clock.monotonic()
    const network = networkOf(address)
    if (this.#total.isFull(EVERYBODY, now)) throw this.#refusal('total')
    if (this.#perAddress.isFull(network, now)) throw this.#refusal('address')
    this.#total.take(EVERYBODY, now)
    this.#perAddress.take(network, now)
  }

  #refusal(limit: 'address' | 'total'): SessionError {
    tell(this.#listener, { name: 'anonymous_limit', limit })
    return new SessionError('ANONYMOUS_LIMIT')
  }
}

function whole(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= HIGHEST) return value
  throw new SessionError('INVALID_ARGUMENT', `anonymous.${name} must be a whole number from 1 to ${HIGHEST}.`)
}

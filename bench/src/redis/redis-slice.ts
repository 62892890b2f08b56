import { drawn, latenciesOf } from '../latencies.ts'
import { atOnce } from './contestants/at-once.ts'
import type { RedisContestant, Verb } from './contestants/contestant.ts'
import { type CallSample, measureCalls } from './measure-calls.ts'
import type { ServerCpu } from './server-cpu.ts'

/** So many users with so many sessions each. */
export interface Users {
  readonly users: number
  readonly sessions: number
}

/** What one contestant is asked to do for a short while. */
export interface RedisOrder {
  readonly verb: Verb
  readonly concurrency: number
  readonly warmupMs: number
  readonly measureMs: number
  /** Nothing begins beyond so many calls. */
  readonly most: number
  /** The sessions that the store was filled with. */
  readonly sessions: number
  readonly listed: Users
  readonly ended: Users
}

const FILL_USERS_AT_ONCE = 4

/** One contestant under slices. */
export class RedisSlices {
  readonly #contestant: RedisContestant
  readonly #cpu: ServerCpu
  /** Users with several sessions that were made, and those that were ended since. */
  #made = 0
  #ended = 0

  constructor(contestant: RedisContestant, cpu: ServerCpu) {
    this.#contestant = contestant
    this.#cpu = cpu
  }

  /** Users that are listed and never ended. */
  async fillListed({ users, sessions }: Users): Promise<void> {
    await atOnce(users, FILL_USERS_AT_ONCE, (index) => this.#contestant.fillUser(`listed-${index}`, sessions))
  }

  /** Users for `revokeUser`, which needs a new one each time. */
  async fillEnded({ users, sessions }: Users): Promise<void> {
    const from = this.#made
    this.#made += users
    await atOnce(users, FILL_USERS_AT_ONCE, (index) =>
      this.#contestant.fillUser(`ended-${from + index}`, sessions),
    )
  }

  /** Warms up, then measures: each caller begins anew as soon as its last call is done. */
  async run(order: RedisOrder): Promise<CallSample> {
    const make = this.#callOf(order)
    const { concurrency, most } = order
    await latenciesOf({ concurrency, most, durationMs: order.warmupMs }, make)
    return measureCalls({ concurrency, most, durationMs: order.measureMs }, make, this.#cpu)
  }

  #callOf({ verb, sessions, listed, ended }: RedisOrder): (call: number) => Promise<void> {
    const contestant = this.#contestant
    switch (verb) {
      case 'create':
        return () => contestant.create()
      case 'list':
        return async (call) => {
          assertAll(await contestant.list(`listed-${drawn(call, listed.users)}`), listed)
        }
      case 'revokeUser':
        return async () => assertAll(await contestant.revokeUser(`ended-${this.#ended++}`), ended)
      case 'read':
      case 'rewrite':
      case 'update':
        return (call) => contestant[verb](drawn(call, sessions))
    }
  }
}

function assertAll(found: number, { sessions }: Users): void {
  if (found !== sessions) throw new Error(`${found} of ${sessions} sessions were found.`)
}

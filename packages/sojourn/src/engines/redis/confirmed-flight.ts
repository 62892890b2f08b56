import type { Argument, RedisClient, Reply } from './client.ts'
import type { Confirmation } from './confirmation.ts'
import { isSilence, refusalOf } from './failures.ts'
import { Lane } from './lane.ts'
import type { Sender } from './script-runner.ts'

/** A server that is no longer the primary of a key says so, and has written nothing. */
const ELSEWHERE: readonly (string | null)[] = ['MOVED', 'READONLY']

/** Sends writes to the primaries of their keys, each acknowledged when it has reached what is asked for. */
export class ConfirmedFlight implements Sender {
  readonly #client: RedisClient
  readonly #confirmation: Confirmation
  readonly #lanes = new Map<string, Lane>()

  constructor(client: RedisClient, confirmation: Confirmation) {
    this.#client = client
    this.#confirmation = confirmation
  }

  async send(key: string, args: readonly Argument[]): Promise<Reply> {
    const lane = this.#laneOf(key)
    try {
      return await lane.send({ key, args })
    } catch (error) {
      const isElsewhere = ELSEWHERE.includes(refusalOf(error))
      if (!isElsewhere && !isSilence(error)) throw error
      this.#drop(lane)
      await this.#client.refresh(key)
      if (!isElsewhere) throw error
      return this.#laneOf(key).send({ key, args })
    }
  }

  close(): void {
    for (const lane of this.#lanes.values()) lane.close()
    this.#lanes.clear()
  }

  #laneOf(key: string): Lane {
    const primary = this.#client.primaryOf(key)
    const known = this.#lanes.get(primary)
    if (known !== undefined) return known
    const lane = new Lane(() => this.#client.connect(key), this.#confirmation)
    this.#lanes.set(primary, lane)
    return lane
  }

  /** The next write opens a connection to whatever server is the primary then. */
  #drop(lane: Lane): void {
    lane.close()
    for (const [primary, each] of this.#lanes) if (each === lane) this.#lanes.delete(primary)
  }
}

import type { Argument, Command, RedisClient, Reply } from './client.ts'
import type { Keys } from './keys.ts'
import { type Read, readCommands } from './reads.ts'

/** A command and who waits for its reply. */
export interface Passenger extends Command {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers what one turn of the event loop sends, and sends it in one write. `setImmediate` runs once all sockets
 * that had something to say were heard: requests that came in together go out together, and a lone one waits
 * for no timer.
 */
export class Flight {
  readonly #client: RedisClient
  readonly #keys: Keys
  #passengers: Passenger[] = []
  #reads: Read[] = []

  constructor(client: RedisClient, keys: Keys) {
    this.#client = client
    this.#keys = keys
  }

  /** Sends a command in the flight of this turn. */
  send(key: string, args: readonly Argument[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#call()
      this.#passengers.push({ key, args, resolve, reject })
    })
  }

  /** Reads a record with all others of this turn. */
  read(read: Read): void {
    this.#call()
    this.#reads.push(read)
  }

  #call(): void {
    if (this.#passengers.length + this.#reads.length === 0) setImmediate(() => this.#depart())
  }

  #depart(): void {
    const passengers = this.#passengers
    if (this.#reads.length > 0)
      passengers.push(...readCommands(this.#reads, this.#keys, this.#client.isCluster))
    this.#passengers = []
    this.#reads = []
    for (const [index, reply] of this.#sent(passengers).entries()) {
      const passenger = passengers[index]
      if (passenger !== undefined) reply.then(passenger.resolve, passenger.reject)
    }
  }

  /** A driver that throws fails these commands and nobody else. */
  #sent(commands: readonly Command[]): Promise<Reply>[] {
    try {
      return this.#client.sendAll(commands)
    } catch (error) {
      return commands.map(() => Promise.reject(error))
    }
  }
}

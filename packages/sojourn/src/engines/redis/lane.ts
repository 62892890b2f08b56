import type { Command, Connection, Reply } from './client.ts'
import { assertCanConfirm, type Confirmation, confirmCommand, failureOfConfirmation } from './confirmation.ts'
import { NotSent } from './failures.ts'
import type { Passenger } from './flight.ts'

/** So many writes share one confirmation; the rest wait for the next. */
const WRITES_AT_ONCE = 256

/**
 * Writes to one primary, each acknowledged when the confirmation behind it has come. A connection of its own,
 * because waiting on one blocks all that is behind it; what comes meanwhile shares the next confirmation.
 */
export class Lane {
  readonly #open: () => Promise<Connection>
  readonly #confirmation: Confirmation
  #connection: Promise<Connection> | null = null
  readonly #waiting: Passenger[] = []
  #isRunning = false
  #isClosed = false

  constructor(open: () => Promise<Connection>, confirmation: Confirmation) {
    this.#open = open
    this.#confirmation = confirmation
  }

  send({ key, args }: Command): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, args, resolve, reject })
      if (this.#isRunning) return
      this.#isRunning = true
      setImmediate(() => this.#start())
    })
  }

  /**
   * What is under way is rejected by the driver. What still waits goes on, over a connection that is closed when the
   * last of it is done.
   */
  close(): void {
    this.#isClosed = true
    this.#disconnect()
  }

  #disconnect(): void {
    this.#connection?.then((connection) => connection.close()).catch(() => undefined)
    this.#connection = null
  }

  #start(): void {
    this.#run().catch(() => undefined)
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#depart(this.#waiting.splice(0, WRITES_AT_ONCE))
    this.#isRunning = false
    if (this.#isClosed) this.#disconnect()
  }

  async #depart(passengers: readonly Passenger[]): Promise<void> {
    try {
      const connection = await this.#connected()
      const replies = passengers.map(({ args }) => connection.send(args))
      const confirmation = connection.send(confirmCommand(this.#confirmation))
      const settled = await Promise.allSettled([confirmation, ...replies])
      const isConfirmed = this.#deliver(passengers, settled)
      // Another server may be the primary now, and this one not know it yet: the next writes look for it.
      if (!connection.isOpen || !isConfirmed) this.#disconnect()
    } catch (error) {
      this.#disconnect()
      for (const { reject } of passengers) reject(error)
    }
  }

  /** A refused write is told so; one that was done is done only with its confirmation. Whether that came. */
  #deliver(
    passengers: readonly Passenger[],
    [confirmation, ...replies]: readonly PromiseSettledResult<Reply>[],
  ): boolean {
    const failure = failureOfConfirmation(this.#confirmation, confirmation)
    for (const [index, { resolve, reject }] of passengers.entries()) {
      const reply = replies[index]
      try {
        if (reply?.status !== 'fulfilled') throw reply?.reason
        if (failure !== null) throw failure
        resolve(reply.value)
      } catch (error) {
        reject(error)
      }
    }
    return failure === null
  }

  async #connected(): Promise<Connection> {
    this.#connection ??= this.#connect()
    const connection = await this.#connection
    if (connection.isOpen) return connection
    this.#connection = this.#connect()
    return this.#connection
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#open().catch((error: unknown) => {
      throw new NotSent(error)
    })
    try {
      await assertCanConfirm(this.#confirmation, connection)
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }
}

import { statfs } from 'node:fs/promises'
import { SessionError } from '../../core/errors.ts'
import { closeEnvironment, type Environment, openEnvironment } from './environment.ts'
import { commitFailure } from './failures.ts'
import type { CheckedOptions } from './lmdb-options.ts'

/** With less than this the next pages do not fit, whatever error number a short write gave. */
const ROOM_BYTES = 65_536

/** The open environment, and another one in its place after a failed commit. */
export class Holder {
  readonly #options: CheckedOptions
  #current: Environment | null
  #stale: Environment | null = null
  #opening: Promise<Environment> | null = null
  #isClosed = false

  constructor(options: CheckedOptions, environment: Environment) {
    this.#options = options
    this.#current = environment
  }

  /** Null while it is opened again. */
  get current(): Environment | null {
    return this.#current
  }

  /** Opens the environment where it is not; when that fails, the next call tries again. */
  async ready(): Promise<Environment> {
    if (this.#current !== null) return this.#current
    if (this.#isClosed) throw new SessionError('STORE_CLOSED')
    this.#opening ??= this.#openAgain()
    return this.#opening
  }

  /** Runs `work` in a write transaction; what fails is told once, here. */
  async transact<T>(work: (environment: Environment) => T): Promise<T> {
    const environment = await this.ready()
    try {
      return await environment.tree.transact(() => work(environment))
    } catch (error) {
      const failure = commitFailure(this.#options.path, error, await this.#isRoomLeft())
      // After some failures LMDB takes no write until it is opened again, and lmdb would wait for ever.
      await this.reopen().catch(() => null)
      throw failure
    }
  }

  async reopen(): Promise<void> {
    this.#stale ??= this.#current
    this.#current = null
    await this.ready()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#opening?.catch(() => null)
    const environments = [this.#current, this.#stale].filter((each) => each !== null)
    this.#current = null
    this.#stale = null
    await Promise.all(environments.map(closeEnvironment))
  }

  /** Only when the old one is closed: within a process LMDB would share it, with all that is wrong with it. */
  async #openAgain(): Promise<Environment> {
    try {
      const stale = this.#stale
      this.#stale = null
      if (stale !== null) await closeEnvironment(stale)
      this.#current = await openEnvironment(this.#options)
      return this.#current
    } finally {
      this.#opening = null
    }
  }

  async #isRoomLeft(): Promise<boolean> {
    const disk = await statfs(this.#options.path).catch(() => null)
    return disk === null || disk.bavail * disk.bsize >= ROOM_BYTES
  }
}

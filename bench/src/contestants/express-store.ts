import { randomBytes } from 'node:crypto'
import session, { type SessionContent, type Store } from 'express-session'
import { change, type Payload, payloadOf } from '../payload.ts'
import type { Contestant } from './contestant.ts'

const ID_BYTES = 24
const MAX_AGE_MS = 8 * 3_600_000

/** What a store needs around it. Synchronous stores can fill themselves in one transaction. */
interface Surroundings {
  readonly fillWithin?: (work: () => Promise<void>) => Promise<void>
  readonly close?: () => void
}

/**
 * Any store of express-session, used as the middleware uses it: `get` at the start of a request, `set` at its
 * end. Nothing checks that the session is still what was read.
 */
export class ExpressStore implements Contestant {
  readonly #store: Store
  readonly #around: Surroundings
  readonly #ids: string[] = []

  constructor(store: Store, around: Surroundings = {}) {
    this.#store = store
    this.#around = around
  }

  async fill(count: number): Promise<void> {
    const work = async () => {
      while (this.#ids.length < count) this.#ids.push(await this.#next())
    }
    await (this.#around.fillWithin ?? ((run) => run()))(work)
  }

  async read(index: number): Promise<void> {
    await new Promise<SessionContent<Payload>>((resolve, reject) => {
      this.#get(index, (error, content) => (content === null ? reject(error) : resolve(content)))
    })
  }

  /** In callbacks, as the middleware does it: a store that is synchronous stays so. */
  update(index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#get(index, (error, content) => {
        if (content === null) return reject(error)
        change(content)
        this.#store.set(this.#ids[index] ?? '', content, (failure) => (failure ? reject(failure) : resolve()))
      })
    })
  }

  async create(): Promise<void> {
    await this.#next()
  }

  async close(): Promise<void> {
    this.#around.close?.()
  }

  async #next(): Promise<string> {
    const id = randomBytes(ID_BYTES).toString('base64url')
    await this.#set(id, {
      cookie: new session.Cookie({ maxAge: MAX_AGE_MS }),
      ...payloadOf(this.#ids.length),
    })
    return id
  }

  #get(index: number, done: (error: Error | null, content: SessionContent<Payload> | null) => void): void {
    this.#store.get<Payload>(this.#ids[index] ?? '', (error, content) => {
      if (content?.theme === 'dark') done(null, content)
      else done(error ?? new Error('The session was not read.'), null)
    })
  }

  #set(id: string, content: SessionContent<Payload>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#store.set(id, content, (error) => (error ? reject(error) : resolve()))
    })
  }
}

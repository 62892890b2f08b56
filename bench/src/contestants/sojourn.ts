import { createSessionStore, type SessionStore } from 'sojourn'
import { lmdb } from 'sojourn/lmdb'
import { memory } from 'sojourn/memory'
import { change, type Payload, payloadOf } from '../payload.ts'
import type { Contestant } from './contestant.ts'

/** Sessions that are created at once while the store is filled. */
const FILL_CONCURRENCY = 1_024
/** A machine that is busy with something else is no failure of the store. */
const TIMEOUT_MS = 60_000
const MEMORY_BYTES = 2 ** 31

type Engine = Parameters<typeof createSessionStore>[0]['engine']

/** The embedded default: durable writes. */
export function sojournLmdb(folder: string): Promise<Contestant> {
  return open(lmdb({ path: folder }))
}

export function sojournMemory(): Promise<Contestant> {
  return open(memory({ maxBytes: MEMORY_BYTES }))
}

async function open(engine: Engine): Promise<Contestant> {
  const options = { engine, lifetime: 'web', initial: () => payloadOf(0), timeout: TIMEOUT_MS } as const
  return new Sojourn(await createSessionStore<Payload>(options))
}

class Sojourn implements Contestant {
  readonly #sessions: SessionStore<Payload>
  readonly #tokens: string[] = []
  #created = 0

  constructor(sessions: SessionStore<Payload>) {
    this.#sessions = sessions
  }

  async fill(count: number): Promise<void> {
    const worker = async () => {
      while (this.#created < count) this.#tokens.push(await this.#next())
    }
    await Promise.all(Array.from({ length: Math.min(FILL_CONCURRENCY, count) }, worker))
  }

  /** Without the touch: all sessions are of one age, and all would be touched at once after a minute. */
  async read(index: number): Promise<void> {
    const session = await this.#sessions.read(this.#tokens[index] ?? '', { touch: false })
    if (session?.data.theme !== 'dark') throw new Error('The session was not read.')
  }

  async update(index: number): Promise<void> {
    const session = await this.#sessions.update(this.#tokens[index] ?? '', change)
    if (session === null) throw new Error('The session was not updated.')
  }

  async create(): Promise<void> {
    await this.#next()
  }

  close(): Promise<void> {
    return this.#sessions.close()
  }

  async #next(): Promise<string> {
    const index = this.#created
    this.#created += 1
    const { token } = await this.#sessions.create({ userId: `user-${index}`, data: payloadOf(index) })
    return token
  }
}

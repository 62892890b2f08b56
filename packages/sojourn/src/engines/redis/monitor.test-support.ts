import { Redis } from 'ioredis'
import type { RedisServer } from 'sojourn-servers'

/** One command as a server saw it. */
export interface Seen {
  /** In capitals. */
  readonly name: string
  readonly args: readonly string[]
  /** Whether a script called it. */
  readonly isInScript: boolean
}

const OF_DRIVERS = [
  'HELLO',
  'AUTH',
  'CLIENT',
  'INFO',
  'PING',
  'MONITOR',
  'SELECT',
  'SENTINEL',
  'CLUSTER',
  'ROLE',
]

/** Watches what clients send to a server. */
export class Monitor implements AsyncDisposable {
  readonly #client: Redis
  readonly #watcher: Redis
  readonly #seen: Seen[] = []
  #marks = 0

  static async on({ host, port }: RedisServer): Promise<Monitor> {
    const client = new Redis({ host, port })
    const watcher = await client.monitor()
    // What it was about to ask when it is closed.
    for (const each of [client, watcher]) each.on('error', () => undefined)
    return new Monitor(client, watcher)
  }

  constructor(client: Redis, watcher: Redis) {
    this.#client = client
    this.#watcher = watcher
    watcher.on('monitor', (_time: string, words: readonly string[], source: string) => {
      const [name = '', ...args] = words
      this.#seen.push({ name: name.toUpperCase(), args, isInScript: source === 'lua' })
    })
  }

  /** What was sent while this ran, without what drivers ask by themselves. */
  async during(run: () => Promise<unknown>): Promise<readonly Seen[]> {
    await this.#mark()
    this.#seen.length = 0
    await run()
    await this.#mark()
    return this.#seen.slice(0, -1).filter(({ name, isInScript }) => isInScript || !OF_DRIVERS.includes(name))
  }

  /** A server tells in order: what came before the mark has been told when the mark is. */
  async #mark(): Promise<void> {
    this.#marks += 1
    const mark = `mark ${this.#marks}`
    await this.#client.echo(mark)
    while (this.#seen.at(-1)?.args[0] !== mark) await new Promise((resolve) => setImmediate(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher.disconnect()
    this.#client.disconnect()
  }
}

import { Redis } from 'ioredis'

/** The processor's time of some servers, all their threads together, over connections that do nothing else. */
export class ServerCpu {
  readonly #connections: readonly Redis[]

  constructor(urls: readonly string[]) {
    this.#connections = urls.map((url) => new Redis(url))
  }

  /** Milliseconds since the servers began. */
  async used(): Promise<number> {
    const texts = await Promise.all(this.#connections.map((connection) => connection.info('cpu')))
    return texts.reduce((sum, text) => sum + secondsIn(text, 'user') + secondsIn(text, 'sys'), 0) * 1_000
  }

  close(): void {
    for (const connection of this.#connections) connection.disconnect()
  }
}

function secondsIn(info: string, kind: 'user' | 'sys'): number {
  const [, seconds] = new RegExp(`^used_cpu_${kind}:([0-9.]+)`, 'm').exec(info) ?? []
  if (seconds === undefined) throw new Error(`INFO cpu has no used_cpu_${kind}.`)
  return Number(seconds)
}

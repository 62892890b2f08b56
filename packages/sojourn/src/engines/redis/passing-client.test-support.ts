import type { Argument, Command, Connection, RedisClient, Reply } from './client.ts'

/** A client that passes everything on. */
export class PassingClient implements RedisClient {
  readonly isCluster: boolean
  readonly #client: RedisClient

  constructor(client: RedisClient) {
    this.isCluster = client.isCluster
    this.#client = client
  }

  sendAll(commands: readonly Command[]): Promise<Reply>[] {
    return this.#client.sendAll(commands)
  }

  sendEverywhere(args: readonly Argument[], key?: string): Promise<void> {
    return this.#client.sendEverywhere(args, key)
  }

  connect(key: string): Promise<Connection> {
    return this.#client.connect(key)
  }

  primaryOf(key: string): string {
    return this.#client.primaryOf(key)
  }

  refresh(key: string): Promise<void> {
    return this.#client.refresh(key)
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

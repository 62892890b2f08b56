import type { Argument } from './client.ts'
import type { NodeRedisCluster, NodeRedisNode, NodeRedisSentinel } from './node-redis-client.ts'

type Options = Parameters<NodeRedisNode['sendCommand']>[1]

interface Openable {
  readonly isOpen: boolean
  on(event: 'error', listener: (error: unknown) => void): unknown
  connect(): Promise<unknown>
}

/** Opens a client that gives up when it finds no server at first; whoever asks next has it try again. */
class Door {
  readonly #driver: Openable
  #opening: Promise<void> | null = null
  /** What a server answered says more than that none could be used. */
  #reason: unknown = null

  constructor(driver: Openable) {
    this.#driver = driver
    driver.on('error', (error) => {
      this.#reason = error
    })
  }

  get isOpen(): boolean {
    return this.#driver.isOpen && this.#opening === null
  }

  /** Resolves when it is open. Rejects with the server's reason, where one gave any. */
  open(): Promise<void> {
    this.#opening ??= this.#try().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #try(): Promise<void> {
    if (this.#driver.isOpen) return
    this.#reason = null
    try {
      await this.#driver.connect()
    } catch (error) {
      throw this.#reason ?? error
    }
  }
}

/** A cluster's client of node-redis that may be made before its servers are there. */
export class ReopeningCluster implements NodeRedisCluster {
  readonly #driver: NodeRedisCluster
  readonly #door: Door

  constructor(driver: NodeRedisCluster & Openable) {
    this.#driver = driver
    this.#door = new Door(driver)
  }

  get slots(): NodeRedisCluster['slots'] {
    return this.#driver.slots
  }

  get masters(): NodeRedisCluster['masters'] {
    return this.#driver.masters
  }

  async sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: Argument[],
    options?: Options,
  ): Promise<unknown> {
    if (!this.#door.isOpen) await this.#door.open()
    return this.#driver.sendCommand(firstKey, isReadonly, args, options)
  }

  nodeClient(node: object): Promise<NodeRedisNode> {
    return this.#driver.nodeClient(node)
  }

  connect(): Promise<void> {
    return this.#door.open()
  }

  destroy(): void {
    this.#driver.destroy()
  }
}

/** A Sentinel client of node-redis that may be made before its servers are there. */
export class ReopeningSentinel implements NodeRedisSentinel {
  readonly #driver: NodeRedisSentinel
  readonly #door: Door

  constructor(driver: NodeRedisSentinel & Openable) {
    this.#driver = driver
    this.#door = new Door(driver)
  }

  getMasterNode(): unknown {
    return this.#driver.getMasterNode()
  }

  async sendCommand(isReadonly: boolean | undefined, args: Argument[], options?: Options): Promise<unknown> {
    if (!this.#door.isOpen) await this.#door.open()
    return this.#driver.sendCommand(isReadonly, args, options)
  }

  async _execute<T>(
    isReadonly: boolean | undefined,
    task: (client: NodeRedisNode) => Promise<T>,
  ): Promise<T> {
    if (!this.#door.isOpen) await this.#door.open()
    return this.#driver._execute(isReadonly, task)
  }

  connect(): Promise<void> {
    return this.#door.open()
  }

  destroy(): void {
    this.#driver.destroy()
  }
}

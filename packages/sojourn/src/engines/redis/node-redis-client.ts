import type { Argument, Command, Connection, RedisClient, Reply } from './client.ts'
import { refusalOf } from './failures.ts'
import { bucketOfKey } from './keys.ts'
import { refusal } from './refusal.ts'
import { repliesFrom } from './replies-from.ts'
import { slotOf } from './slots.ts'

interface CommandOptions {
  readonly typeMapping: Readonly<Record<number, unknown>>
}

/** What is used of a client of `createClient`. */
export interface NodeRedisNode {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly options?: object | undefined
  sendCommand(args: Argument[], options?: CommandOptions): Promise<unknown>
  duplicate(overrides?: object): NodeRedisNode
  connect(): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  destroy(): void
}

interface Primary {
  readonly host: string
  readonly port: number
}

/** What is used of a client of `createCluster`. */
export interface NodeRedisCluster {
  readonly slots: readonly ({ readonly master: Primary } | undefined)[]
  readonly masters: readonly Primary[]
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: Argument[],
    options?: CommandOptions,
  ): Promise<unknown>
  nodeClient(node: object): Promise<NodeRedisNode>
  connect(): Promise<unknown>
  destroy(): void
}

/** What is used of a client of `createSentinel`. */
export interface NodeRedisSentinel {
  getMasterNode(): unknown
  sendCommand(isReadonly: boolean | undefined, args: Argument[], options?: CommandOptions): Promise<unknown>
  _execute<T>(isReadonly: boolean | undefined, task: (client: NodeRedisNode) => Promise<T>): Promise<T>
  connect(): Promise<unknown>
  destroy(): void
}

export type NodeRedis = NodeRedisNode | NodeRedisCluster | NodeRedisSentinel

/** RESP's type byte of a bulk string. */
const BULK_STRING = 0x24
/** A connection of its own neither waits for a server nor sends anything twice. */
const OWN_CONNECTION = { disableOfflineQueue: true }
const AS_BYTES: CommandOptions = { typeMapping: { [BULK_STRING]: Buffer } }

export function isNodeRedis(driver: object): driver is NodeRedis {
  return 'sendCommand' in driver && ('isReady' in driver || isCluster(driver) || isSentinel(driver))
}

/** node-redis 6 behind the seam. It writes what one tick sends in one go by itself. */
export class NodeRedisClient implements RedisClient {
  readonly isCluster: boolean
  readonly #driver: NodeRedis

  /** @throws SessionError `INVALID_ARGUMENT` */
  constructor(driver: NodeRedis) {
    if ('_keyPrefix' in driver && driver._keyPrefix) {
      throw refusal('the client must not have a keyPrefix: use the option prefix')
    }
    this.#driver = driver
    this.isCluster = isCluster(driver)
  }

  sendAll(commands: readonly Command[]): Promise<Reply>[] {
    const driver = this.#driver
    if (isCluster(driver)) {
      return commands.map(({ key, args }) => driver.sendCommand(key, false, [...args], AS_BYTES))
    }
    if (isSentinel(driver)) return throughSentinel(driver, commands)
    return commands.map(({ args }) => driver.sendCommand([...args], AS_BYTES))
  }

  async sendEverywhere(args: readonly Argument[], key?: string): Promise<void> {
    const driver = this.#driver
    if (!isCluster(driver)) {
      await Promise.all(this.sendAll([{ key: '', args }]))
      return
    }
    const send = async (primary: Primary) => (await driver.nodeClient(primary)).sendCommand([...args])
    const sent = driver.masters.map((primary) => ({
      address: `${primary.host}:${primary.port}`,
      reply: send(primary),
    }))
    await repliesFrom(key === undefined ? null : this.primaryOf(key), sent)
  }

  async connect(key: string): Promise<Connection> {
    const connection = await duplicateFor(this.#driver, key, OWN_CONNECTION)
    if (connection === null) throw new Error('No server holds the slot.')
    // Its commands are rejected one by one; without a listener the event would end the process.
    connection.on('error', () => undefined)
    await connection.connect()
    return new NodeRedisConnection(connection)
  }

  primaryOf(key: string): string {
    const driver = this.#driver
    if (!isCluster(driver)) return 'primary'
    const primary = driver.slots[slotOf(bucketOfKey(key))]?.master
    return primary === undefined ? '' : `${primary.host}:${primary.port}`
  }

  /** The driver learns of a move from the redirection that a plain command gets. */
  async refresh(key: string): Promise<void> {
    const driver = this.#driver
    if (isCluster(driver)) await driver.sendCommand(key, false, ['EXISTS', key]).catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#driver.destroy()
  }
}

class NodeRedisConnection implements Connection {
  readonly #node: NodeRedisNode

  constructor(node: NodeRedisNode) {
    this.#node = node
  }

  get isOpen(): boolean {
    return this.#node.isReady
  }

  send(args: readonly Argument[]): Promise<Reply> {
    return this.#node.sendCommand([...args], AS_BYTES)
  }

  close(): void {
    // It throws on one that is closed.
    if (this.#node.isOpen) this.#node.destroy()
  }
}

/** In one lease of the connection to the primary: leased one by one, each command would wait for the last one's reply. */
function throughSentinel(driver: NodeRedisSentinel, commands: readonly Command[]): Promise<Reply>[] {
  const flight = driver._execute(false, (node) => inOneGo(node, commands))
  return commands.map(async (_, index) => {
    const settled = (await flight)[index]
    if (settled?.status === 'fulfilled') return settled.value
    throw settled?.reason ?? new Error('No reply.')
  })
}

/** Rejects where the primary may be another one now: the driver then looks for it, and does this again. */
async function inOneGo(
  node: NodeRedisNode,
  commands: readonly Command[],
): Promise<readonly PromiseSettledResult<Reply>[]> {
  const settled = await Promise.allSettled(commands.map(({ args }) => node.sendCommand([...args], AS_BYTES)))
  for (const each of settled) {
    if (each.status === 'fulfilled') continue
    if (!node.isReady || refusalOf(each.reason) === 'READONLY') throw each.reason
  }
  return settled
}

function isCluster(driver: object): driver is NodeRedisCluster {
  return 'masters' in driver && 'nodeClient' in driver
}

function isSentinel(driver: object): driver is NodeRedisSentinel {
  return 'getMasterNode' in driver && '_execute' in driver
}

/** A connection of its own to the primary of this key, not yet opened; null when no server holds its slot. */
export async function duplicateFor(
  driver: NodeRedis,
  key: string,
  settings: object,
): Promise<NodeRedisNode | null> {
  if (isSentinel(driver)) return driver._execute(false, async (node) => duplicateOf(node, settings))
  if (!isCluster(driver)) return duplicateOf(driver, settings)
  const primary = driver.slots[slotOf(bucketOfKey(key))]?.master
  return primary === undefined ? null : duplicateOf(await driver.nodeClient(primary), settings)
}

function duplicateOf(node: NodeRedisNode, settings: object): NodeRedisNode {
  const { options = {} } = node
  const socket = 'socket' in options && typeof options.socket === 'object' ? options.socket : {}
  return node.duplicate({ ...settings, socket: { ...socket, reconnectStrategy: false } })
}

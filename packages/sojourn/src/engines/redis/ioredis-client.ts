import type { Argument, Command, Connection, RedisClient, Reply } from './client.ts'
import { refusalOf } from './failures.ts'
import { bucketOfKey } from './keys.ts'
import { refusal } from './refusal.ts'
import { repliesFrom } from './replies-from.ts'
import { slotOf } from './slots.ts'

/** What is used of a pipeline. */
interface Pipeline {
  callBuffer(...args: readonly Argument[]): unknown
  exec(): Promise<readonly (readonly [error: Error | null, reply: unknown])[] | null>
}

/** What is used of a `Redis` of ioredis or iovalkey. */
export interface IoredisNode {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
  /** Missing, whatever its type says, before the first connection. */
  readonly stream?: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined }
  callBuffer(...args: readonly Argument[]): Promise<unknown>
  pipeline(): Pipeline
  duplicate(override?: object): IoredisNode
  connect(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  disconnect(reconnect?: boolean): void
}

/** What is used of a `Cluster` of ioredis or iovalkey. */
export interface IoredisCluster {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
  readonly slots: readonly (readonly string[] | undefined)[]
  callBuffer(...args: readonly Argument[]): Promise<unknown>
  pipeline(): Pipeline
  nodes(role: 'master'): IoredisNode[]
  refreshSlotsCache(callback: (error?: Error | null) => void): void
  connect(): Promise<void>
  disconnect(): void
}

type Ioredis = IoredisNode | IoredisCluster

/** A reply that only says where the answer is: the driver follows it for one command, not always for a pipeline. */
const REDIRECTIONS: readonly (string | null)[] = ['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN']
/** In a slot that is moving, a read of several keys would meet these for as long as the move takes. */
const IN_TWO_PLACES: readonly (string | null)[] = ['TRYAGAIN', 'ASK']
/** A connection of its own neither waits for a server nor sends anything twice. */
export const OWN_CONNECTION = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  enableAutoPipelining: false,
}

export function isIoredis(driver: object): driver is Ioredis {
  return 'callBuffer' in driver && 'pipeline' in driver && 'isCluster' in driver
}

/** ioredis 6 and iovalkey behind the seam. */
export class IoredisClient implements RedisClient {
  readonly isCluster: boolean
  readonly #driver: Ioredis

  /** @throws SessionError `INVALID_ARGUMENT` */
  constructor(driver: Ioredis) {
    assertSettings(driver.options)
    this.#driver = driver
    this.isCluster = driver.isCluster
  }

  sendAll(commands: readonly Command[]): Promise<Reply>[] {
    if (commands.length === 1 && !(this.isCluster && commands.some(isReadOfMany))) {
      return commands.map((command) => this.#send(command))
    }
    if (!this.isCluster) return this.#pipelined(this.#driver, commands)
    const replies = new Map<Command, Promise<Reply>>()
    const primaries = this.#primaries()
    for (const [primary, group] of this.#byServer(commands)) {
      const server = primaries.find((node) => addressOf(node) === primary)
      if (server === undefined) continue
      for (const [index, reply] of this.#pipelined(server, group).entries()) {
        const command = group[index]
        if (command !== undefined) replies.set(command, reply)
      }
    }
    return commands.map((command) => replies.get(command) ?? this.#send(command))
  }

  async sendEverywhere(args: readonly Argument[], key?: string): Promise<void> {
    const primary = this.isCluster && key !== undefined ? this.primaryOf(key) : null
    const sent = this.#primaries().map((node) => ({ address: addressOf(node), reply: called(node, args) }))
    await repliesFrom(primary, sent)
  }

  async connect(key: string): Promise<Connection> {
    const node = primaryNodeOf(this.#driver, key)
    if (node === null) throw new Error(`No connection to ${this.primaryOf(key)}.`)
    const connection = node.duplicate(OWN_CONNECTION)
    // Its commands are rejected one by one; without a listener the event would be printed.
    connection.on('error', () => undefined)
    await connection.connect()
    // What is read must come from where it is written: a primary that was cut off may answer still.
    if (!this.isCluster && node.status === 'ready' && peerOf(node) !== peerOf(connection))
      node.disconnect(true)
    return new IoredisConnection(connection)
  }

  primaryOf(key: string): string {
    return 'slots' in this.#driver ? addressOfPrimary(this.#driver, key) : 'primary'
  }

  async refresh(_key: string): Promise<void> {
    const driver = this.#driver
    if ('slots' in driver) await new Promise<void>((resolve) => driver.refreshSlotsCache(() => resolve()))
  }

  async close(): Promise<void> {
    this.#driver.disconnect()
  }

  #send({ args }: Command): Promise<Reply> {
    return called(this.#driver, args)
  }

  /** One write to the socket of one server. */
  #pipelined(server: Ioredis, commands: readonly Command[]): Promise<Reply>[] {
    const pipeline = server.pipeline()
    for (const { args } of commands) pipeline.callBuffer(...args)
    const done = pipeline.exec()
    return commands.map((command, index) => this.#replyOf(done, command, index))
  }

  async #replyOf(done: ReturnType<Pipeline['exec']>, command: Command, index: number): Promise<Reply> {
    const [error, reply] = (await done)?.[index] ?? [new Error('No reply.')]
    if (error === null) return reply
    if (this.isCluster && isForAnother(error, command)) return this.#send(command)
    throw error
  }

  #byServer(commands: readonly Command[]): ReadonlyMap<string, Command[]> {
    const groups = new Map<string, Command[]>()
    for (const command of commands) {
      const primary = this.primaryOf(command.key)
      const group = groups.get(primary)
      if (group === undefined) groups.set(primary, [command])
      else group.push(command)
    }
    return groups
  }

  #primaries(): readonly IoredisNode[] {
    return 'slots' in this.#driver ? this.#driver.nodes('master') : [this.#driver]
  }
}

function called(server: Ioredis, args: readonly Argument[]): Promise<Reply> {
  const { options } = server
  if (!('enableAutoPipelining' in options && options.enableAutoPipelining)) {
    return server.callBuffer(...args)
  }
  // What the driver pipelines by itself loses the name of its command: `callBuffer` of ioredis 6.0.
  const pipeline = server.pipeline()
  pipeline.callBuffer(...args)
  return onlyReplyOf(pipeline)
}

async function onlyReplyOf(pipeline: Pipeline): Promise<Reply> {
  const [result = [new Error('No reply.'), null]] = (await pipeline.exec()) ?? []
  const [error, reply] = result
  if (error !== null) throw error
  return reply
}

/** Whether the driver is to look for the server: it follows redirections, and waits for a fail-over. */
function isForAnother(error: Error, command: Command): boolean {
  const word = refusalOf(error)
  if (isReadOfMany(command) && IN_TWO_PLACES.includes(word)) return false
  return word === null || REDIRECTIONS.includes(word)
}

function isReadOfMany({ args: [name] }: Command): boolean {
  return name === 'MGET'
}

class IoredisConnection implements Connection {
  readonly #node: IoredisNode

  constructor(node: IoredisNode) {
    this.#node = node
  }

  get isOpen(): boolean {
    return this.#node.status === 'ready'
  }

  send(args: readonly Argument[]): Promise<Reply> {
    return this.#node.callBuffer(...args)
  }

  close(): void {
    this.#node.disconnect()
  }
}

/** The server at the other end. */
function peerOf({ stream }: IoredisNode): string {
  return `${stream?.remoteAddress}:${stream?.remotePort}`
}

/** The driver's object for the primary of this key; null when it knows none. */
export function primaryNodeOf(driver: Ioredis, key: string): IoredisNode | null {
  if (!('slots' in driver)) return driver
  const address = addressOfPrimary(driver, key)
  return driver.nodes('master').find((node) => addressOf(node) === address) ?? null
}

function addressOfPrimary(driver: IoredisCluster, key: string): string {
  return driver.slots[slotOf(bucketOfKey(key))]?.[0] ?? ''
}

function addressOf({ options }: IoredisNode): string {
  return 'host' in options && 'port' in options ? `${options.host}:${options.port}` : ''
}

/** Settings under which sessions would be wrong: scripts name keys themselves, and replicas lag behind. */
function assertSettings(options: object): void {
  const given: Readonly<Record<string, unknown>> = { ...options }
  const { keyPrefix, role, scaleReads = 'master' } = given
  const { autoResendUnfulfilledCommands, maxRetriesPerRequest } = given
  if (keyPrefix) throw refusal('the client must not have a keyPrefix: use the option prefix')
  if (role === 'slave') throw refusal('the client must be connected to the primary, not to a replica')
  if (scaleReads !== 'master') throw refusal('the client must read from primaries: scaleReads must be master')
  // The driver then forgets commands whose connection broke: their promises never settle.
  if (autoResendUnfulfilledCommands === false && maxRetriesPerRequest !== 0) {
    throw refusal('the client without autoResendUnfulfilledCommands must have maxRetriesPerRequest 0')
  }
}

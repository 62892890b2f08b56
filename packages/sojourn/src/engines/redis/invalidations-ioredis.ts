import type { Argument, Reply } from './client.ts'
import { gap } from './invalidations-gap.ts'
import type { Subscriber, SubscriberEvents } from './invalidations-subscriber.ts'
import type { IoredisCluster, IoredisNode } from './ioredis-client.ts'
import { bucketOfKey } from './keys.ts'
import { slotOf } from './slots.ts'

/** What is used of an ioredis or iovalkey connection that listens. */
interface Listening {
  connect(): Promise<void>
  callBuffer(name: string, ...args: Argument[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  on(event: 'messageBuffer', listener: (channel: Buffer, payload: unknown) => void): unknown
  on(event: 'close' | 'error', listener: () => void): unknown
  disconnect(): void
}

const LISTENING = {
  protocol: 2,
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  enableAutoPipelining: false,
}

/** A listening connection to the primary of this key. */
export function ioredisSubscriber(driver: IoredisNode | IoredisCluster, key: string): Subscriber {
  const connection = primaryOf(driver, key).duplicate(LISTENING)
  if (!isListening(connection)) throw gap('the driver cannot subscribe.')
  return new IoredisSubscriber(connection)
}

class IoredisSubscriber implements Subscriber {
  readonly #connection: Listening

  constructor(connection: Listening) {
    this.#connection = connection
  }

  async connect({ message, close }: SubscriberEvents): Promise<void> {
    this.#connection.on('error', () => undefined)
    this.#connection.on('close', close)
    this.#connection.on('messageBuffer', (_channel, payload) => message(payload))
    await this.#connection.connect()
  }

  send([name = '', ...args]: readonly Argument[]): Promise<Reply> {
    return this.#connection.callBuffer(String(name), ...args)
  }

  async subscribe(channel: string): Promise<void> {
    await this.#connection.subscribe(channel)
  }

  close(): void {
    this.#connection.disconnect()
  }
}

function primaryOf(driver: IoredisNode | IoredisCluster, key: string): IoredisNode {
  if (!('slots' in driver)) return driver
  const address = driver.slots[slotOf(bucketOfKey(key))]?.[0]
  const primary = driver.nodes('master').find(({ options }) => {
    return 'host' in options && 'port' in options && `${options.host}:${options.port}` === address
  })
  if (primary === undefined) throw gap('no server holds the slot.')
  return primary
}

function isListening(connection: object): connection is Listening {
  return 'subscribe' in connection && 'callBuffer' in connection
}

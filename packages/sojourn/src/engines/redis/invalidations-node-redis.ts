import type { Argument, Reply } from './client.ts'
import { gap } from './invalidations-gap.ts'
import type { Subscriber, SubscriberEvents } from './invalidations-subscriber.ts'
import { duplicateFor, type NodeRedis } from './node-redis-client.ts'

/** What is used of a node-redis connection that listens. */
interface Listening {
  connect(): Promise<unknown>
  sendCommand(args: Argument[]): Promise<unknown>
  subscribe(channel: string, listener: (payload: unknown) => void, bytes: true): Promise<unknown>
  on(event: 'end' | 'error', listener: () => void): unknown
  destroy(): void
}

/** Its own client cache must stay off: it knows neither deadlines nor a bound for silence. */
const LISTENING = {
  RESP: 2,
  maintNotifications: 'disabled',
  clientSideCache: undefined,
  disableOfflineQueue: true,
}

/** A listening connection to the primary of this key. */
export async function nodeRedisSubscriber(driver: NodeRedis, key: string): Promise<Subscriber> {
  const connection = await duplicateFor(driver, key, LISTENING)
  if (connection === null) throw gap('no server holds the slot.')
  if (!isListening(connection)) throw gap('the driver cannot subscribe.')
  return new NodeRedisSubscriber(connection)
}

class NodeRedisSubscriber implements Subscriber {
  readonly #connection: Listening
  #message: SubscriberEvents['message'] = () => undefined

  constructor(connection: Listening) {
    this.#connection = connection
  }

  async connect({ message, close }: SubscriberEvents): Promise<void> {
    this.#message = message
    this.#connection.on('error', close)
    this.#connection.on('end', close)
    await this.#connection.connect()
  }

  send(args: readonly Argument[]): Promise<Reply> {
    return this.#connection.sendCommand([...args])
  }

  async subscribe(channel: string): Promise<void> {
    await this.#connection.subscribe(channel, (payload) => this.#message(payload), true)
  }

  close(): void {
    this.#connection.destroy()
  }
}

function isListening(connection: object): connection is Listening {
  return 'subscribe' in connection && 'sendCommand' in connection
}

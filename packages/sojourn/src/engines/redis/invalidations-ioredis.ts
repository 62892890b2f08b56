import type { Argument, Reply } from './client.ts'
import { gap } from './invalidations-gap.ts'
import type { Subscriber, SubscriberEvents } from './invalidations-subscriber.ts'
import { type IoredisCluster, type IoredisNode, OWN_CONNECTION, primaryNodeOf } from './ioredis-client.ts'

/** What is used of an ioredis or iovalkey connection that listens. */
interface Listening {
  connect(): Promise<void>
  callBuffer(name: string, ...args: Argument[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  on(event: 'messageBuffer', listener: (channel: Buffer, payload: unknown) => void): unknown
  on(event: 'close' | 'error', listener: () => void): unknown
  disconnect(): void
}

const LISTENING = { ...OWN_CONNECTION, protocol: 2, autoResubscribe: false }

/** A listening connection to the primary of this key. */
export function ioredisSubscriber(driver: IoredisNode | IoredisCluster, key: string): Subscriber {
  const primary = primaryNodeOf(driver, key)
  if (primary === null) throw gap('no server holds the slot.')
  const connection = primary.duplicate(LISTENING)
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

function isListening(connection: object): connection is Listening {
  return 'subscribe' in connection && 'callBuffer' in connection
}

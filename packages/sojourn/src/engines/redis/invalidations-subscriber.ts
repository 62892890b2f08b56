import type { Argument, Reply } from './client.ts'

/** What arrives on a connection that listens. */
export interface SubscriberEvents {
  /** The payload of a message, as the server gave it. */
  readonly message: (payload: unknown) => void
  /** The connection is gone, for good. */
  readonly close: () => void
}

/**
 * A connection to one server that speaks RESP2, so that what it subscribed to comes in order with what it was
 * told, and that neither waits for a server nor comes back. Made by a driver, not yet connected.
 */
export interface Subscriber {
  connect(events: SubscriberEvents): Promise<void>
  /** Before `subscribe`, as RESP2 wants it. */
  send(args: readonly Argument[]): Promise<Reply>
  subscribe(channel: string): Promise<void>
  close(): void
}

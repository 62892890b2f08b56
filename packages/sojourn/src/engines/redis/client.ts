/** What goes over the wire: text as UTF-8, or bytes. */
export type Argument = string | Buffer
/** What a driver gives back, not yet looked at: bulk strings as bytes, the rest as it likes (`replies.ts`). */
export type Reply = unknown

/** One command and a key of the slot that it belongs to. */
export interface Command {
  readonly key: string
  readonly args: readonly Argument[]
}

/**
 * A connection of its own to one server, in order, without a queue: what was sent when it breaks is rejected
 * and never sent again. Only so does WAIT mean the writes before it.
 */
export interface Connection {
  /** Rejects with the server's error as the driver gives it, MOVED and ASK too. */
  send(args: readonly Argument[]): Promise<Reply>
  /** Whether it can be used. One that broke stays broken. */
  readonly isOpen: boolean
  close(): void
}

/** What the engine asks of a driver's client, be it one server, a Sentinel group or a cluster. */
export interface RedisClient {
  readonly isCluster: boolean
  /**
   * Sends commands in one flight, each to the primary of its key, and settles each by itself. The driver
   * follows redirections. Rejections are the driver's own errors.
   */
  sendAll(commands: readonly Command[]): Promise<Reply>[]
  /**
   * Sends one command to every primary, such as to load a script. With a key it waits for the primary of that
   * key alone: another one that hangs must hold up nobody.
   */
  sendEverywhere(args: readonly Argument[], key?: string): Promise<void>
  /** Opens a connection to the server that is the primary of this key now. */
  connect(key: string): Promise<Connection>
  /** Names the server that is the primary of this key now, as far as the client knows: `host:port`. */
  primaryOf(key: string): string
  /** Has the driver learn anew which server is the primary of this key. Never rejects. */
  refresh(key: string): Promise<void>
  /** Ends the connections. Only for a client that the engine made itself. */
  close(): Promise<void>
}

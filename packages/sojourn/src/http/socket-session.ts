import type { ReadonlyData, Recipe, Session, SessionId, SessionStore } from '../core/index.ts'
import { InfoSnapshot } from '../core/snapshot.ts'

/** How long a client may take to close after it was told to: one that ignores it must not stay (CONTRACTS WS1). */
const CLOSING_LIMIT_MS = 1_000

/** One connection, as its library closes it. */
export interface SocketConnection {
  readonly isOpen: boolean
  /** Calls `listener` once when the connection has closed, whoever closed it. */
  onClosed(listener: () => void): void
  /** Tells the client that it is over, and takes nothing more from it. */
  close(): void
  /** Closes without the client. */
  destroy(): void
}

/**
 * The session of one socket, from its handshake until it closes. When the session ends, by whatever way and in
 * whatever process, the socket is closed. A rotation changes nothing here: the id stays the same. What was read of the
 * session grows old while the socket is open: `read` reads it anew. Nothing here asks for the token again, because the
 * one of the handshake may be retired by now.
 */
export class SocketSession<Data> {
  /** The public id of the session. */
  readonly id: SessionId
  /** Who is logged in; null for an anonymous session. Stays when the session has ended: somebody has left then. */
  readonly userId: string | null
  readonly #store: SessionStore<Data>
  readonly #connection: SocketConnection
  readonly #unwatch: () => void
  #current: Session<Data> | null
  #touchedAt: number
  #isClosed = false
  #cancel: () => void = () => undefined

  /**
   * Made by a `SocketGate`, for a connection that is open.
   * @throws SessionError `OVERLOADED` when too many sessions are watched
   */
  constructor(store: SessionStore<Data>, session: Session<Data>, connection: SocketConnection) {
    this.id = session.id
    this.userId = session.userId
    this.#store = store
    this.#connection = connection
    this.#current = session
    this.#touchedAt = session.seenAt
    this.#unwatch = store.watch(session, () => this.#end())
    connection.onClosed(() => this.#release())
  }

  /** The session as it was last read; null once it has ended. */
  get current(): Session<Data> | null {
    return this.#current
  }

  /** The data as it was last read; once the session has ended what `initial` says. Read-only. */
  get data(): ReadonlyData<Data> {
    return this.#current?.data ?? this.#store.blank()
  }

  /**
   * Reads the session anew; null when it has ended, and then the socket closes at once. One round trip. It rejects
   * when nobody can know, so what matters waits for it.
   * @throws SessionError `ENGINE_UNAVAILABLE`
   */
  async read(): Promise<Session<Data> | null> {
    if (this.#current === null) return null
    // A recipe that changes nothing writes nothing, and decides on what is stored now.
    return this.#learn(await this.#store.update(this.#address, () => undefined, { touch: false }))
  }

  /**
   * Changes the data; false when the session has ended. Is no activity.
   * @throws SessionError `CONFLICT`, `SCHEMA_REFUSED`, `DATA_REFUSED`, `DATA_TOO_LARGE`; and what the recipe throws
   */
  async update(recipe: Recipe<Data>): Promise<boolean> {
    if (this.#current === null) return false
    return this.#learn(await this.#store.update(this.#address, recipe, { touch: false })) !== null
  }

  /** Counts as activity, at most once in the store's touch throttle; false when the session has ended. */
  async touch(): Promise<boolean> {
    if (this.#current === null) return false
    const now = this.#store.clock.now()
    if (now - this.#touchedAt < this.#store.policy.lifetime.throttle) return true
    this.#touchedAt = now
    const isLive = await this.#store.touch(this.#address)
    if (!isLive) this.#end()
    return isLive
  }

  get #address() {
    return { id: this.id, operator: true } as const
  }

  /** Answers may come in another order than they were asked for: the newest record counts. */
  #learn(session: Session<Data> | null): Session<Data> | null {
    if (session === null) this.#end()
    else if (this.#current !== null && versionOf(session) >= versionOf(this.#current)) this.#current = session
    return session
  }

  #end(): void {
    if (this.#current === null) return
    this.#current = null
    this.#unwatch()
    if (this.#isClosed) return
    this.#cancel = this.#store.clock.after(CLOSING_LIMIT_MS, () => this.#connection.destroy())
    this.#connection.close()
  }

  #release(): void {
    this.#isClosed = true
    this.#unwatch()
    this.#cancel()
  }
}

function versionOf(session: object): number {
  return InfoSnapshot.recordBehind(session)?.version ?? 0
}

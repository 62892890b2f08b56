import type { IncomingMessage } from 'node:http'
import { SessionError, type SessionStore } from '../core/index.ts'
import { readHandshake } from './handshake.ts'
import { configOf, type HttpConfig, type HttpOptions } from './http-options.ts'
import { statusOf } from './problem.ts'
import { type SocketConnection, SocketSession } from './socket-session.ts'
import { warn } from './warn.ts'

const SERVER_ERROR = 500

/** How sockets are opened: as `HttpOptions`, but that neither a handshake nor a message is activity by itself. */
export interface SocketOptions<Request extends IncomingMessage = IncomingMessage>
  extends HttpOptions<Request> {
  /**
   * True when each message of the client counts as activity, recorded at most once in the touch throttle. Default
   * false: pages send messages without their user, who would never be logged out (ASVS 7.3.1).
   */
  readonly touchOnMessage?: boolean
  /** Hears of what a handler or an option threw. Default: a process warning. */
  readonly onError?: (error: unknown) => void
}

/** Opens the sessions of the sockets that pass (SECURITY T29). One gate for each set of options. */
export class SocketGate<Data, Request extends IncomingMessage = IncomingMessage> {
  readonly #onError: (error: unknown) => void
  readonly #store: SessionStore<Data>
  readonly #config: HttpConfig<Request>
  readonly #touchOnMessage: boolean

  /** @throws SessionError `INVALID_ARGUMENT` for an option that is unknown, malformed or unsafe */
  constructor(store: SessionStore<Data>, options: SocketOptions<Request>) {
    const { touchOnMessage = false, onError = warn, ...http } = options
    if (typeof touchOnMessage !== 'boolean') throw refusal('touchOnMessage must be true or false')
    if (typeof onError !== 'function') throw refusal('onError must be a function')
    this.#onError = onError
    this.#store = store
    // Clients reconnect by themselves: that is no activity of a user.
    this.#config = configOf({ ...http, touch: http.touch ?? (() => false) }, store)
    this.#touchOnMessage = touchOnMessage
  }

  /**
   * The session of a connection, bound to it until it closes; null when there is none, or nobody waits any more.
   * @throws SessionError `ORIGIN_REFUSED`, `AMBIGUOUS_CREDENTIALS`, `OVERLOADED`, and what a read throws
   */
  async open(request: Request, connection: SocketConnection): Promise<SocketSession<Data> | null> {
    const session = await readHandshake(this.#store, this.#config, request)
    return session !== null && connection.isOpen ? new SocketSession(this.#store, session, connection) : null
  }

  /** The status of what kept a socket from being opened. What the application threw is told, and is a 500. */
  statusOf(error: unknown): number {
    const status = statusOf(error)
    if (status === null) this.report(error)
    return status ?? SERVER_ERROR
  }

  /** Tells the application what it threw. When it throws at that too, there is a warning, and the process lives on. */
  report(error: unknown): void {
    try {
      this.#onError(error)
    } catch (failure) {
      warn(failure)
    }
  }

  /** Has each message of the client count as activity, where that is wanted. */
  countMessages(session: SocketSession<Data>, listen: (listener: () => void) => unknown): void {
    // A touch that fails now is made up for by the next one.
    if (this.#touchOnMessage) listen(() => void session.touch().catch(() => undefined))
  }
}

function refusal(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `${why}.`)
}

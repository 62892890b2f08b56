import type { SessionStore } from 'sojourn'
import type { Payload } from '../payload.ts'

/** A port of loopback that is listened on until the process ends. */
export type Port = number

/**
 * A web framework with a small application on it: `POST /login` logs the next user in, and `GET /` tells who is there.
 * Both answer with what `greetingOf` says. Each way to open it starts a server of its own.
 */
export interface Framework {
  /** Without sessions: everybody gets the same answer. */
  bare(): Promise<Port>
  /** With sojourn's adapter, as its documentation puts it there. */
  sojourn(store: SessionStore<Payload>): Promise<Port>
  /** With what applications on this framework use most; null where there is no such thing. */
  readonly peer: (() => Promise<Port>) | null
}

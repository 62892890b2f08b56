import type { Activity } from '../core/activity.ts'
import { SessionError } from '../core/errors.ts'
import { jsonCopy } from '../core/foreign-data.ts'
import type { ForeignSession } from '../core/foreign-sessions.ts'
import type { SessionStore } from '../core/session-store.ts'
import { refuseOthers } from './key-value.ts'

/** `AdapterSession` of Auth.js. */
export interface AuthjsSession {
  sessionToken: string
  userId: string
  expires: Date
}

/** Where the users are: the application's own adapter, or whatever has its `getUser`. */
export interface AuthjsUsers<User> {
  getUser?(id: string): Promise<User | null> | User | null
}

export interface AuthjsOptions<User> {
  readonly users: AuthjsUsers<User>
  /** Keeps several applications in one store apart. Never change it. Default `authjs`. */
  readonly label?: string
}

/** The session methods of an Auth.js adapter. */
export interface AuthjsSessions<User> {
  readonly createSession: (session: AuthjsSession) => Promise<AuthjsSession>
  readonly getSessionAndUser: (token: string) => Promise<{ session: AuthjsSession; user: User } | null>
  readonly updateSession: (
    session: Partial<AuthjsSession> & Pick<AuthjsSession, 'sessionToken'>,
  ) => Promise<AuthjsSession | null>
  readonly deleteSession: (token: string) => Promise<AuthjsSession | null>
}

/**
 * Sessions for Auth.js, to be laid over the adapter that keeps its users:
 * `adapter: { ...users, ...authjsSessions(sessions, { users }) }`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function authjsSessions<Data, User>(
  sessions: SessionStore<Data>,
  options: AuthjsOptions<User>,
): AuthjsSessions<User> {
  const { users, label = 'authjs' } = checked(options)
  const foreign = sessions.foreign({ label, userId: ownerOf })

  const find = async (token: string): Promise<AuthjsSession | null> => {
    const found = await foreign.read(token)
    return found && sessionFrom(token, found)
  }
  const until = (expires: Date): Activity => ({
    seenAt: sessions.clock.now(),
    expiresAt: instantOf(expires),
  })

  // Closures of their own: Auth.js copies own keys and calls them without the object (CONTRACTS L9).
  return {
    async createSession({ sessionToken, expires, ...fields }) {
      const use = until(expires)
      const isTaken = (await foreign.read(sessionToken)) !== null
      const write = { data: jsonCopy(fields), use, view: null }
      if (isTaken || !(await foreign.write(sessionToken, write)))
        throw new SessionError('INVALID_ARGUMENT', 'This sessionToken was used before.')
      return { ...fields, sessionToken, expires: new Date(use.expiresAt) }
    },

    async getSessionAndUser(token) {
      const session = await find(token)
      const user = session && ((await users.getUser?.(session.userId)) ?? null)
      return session && user && { session, user }
    },

    async updateSession({ sessionToken, expires, ...fields }) {
      const found = await foreign.read(sessionToken)
      if (found === null) return null
      const { view, data } = found
      const use = expires === undefined ? found : until(expires)
      await foreign.write(sessionToken, { data: jsonCopy({ ...data, ...jsonCopy(fields) }), use, view })
      return find(sessionToken)
    },

    async deleteSession(token) {
      const session = await find(token)
      return (await foreign.revoke(token)) ? session : null
    },
  }
}

/** The token is put back from what was asked for, and the date is the record's (CONTRACTS L5). */
function sessionFrom(sessionToken: string, { data, expiresAt }: ForeignSession): AuthjsSession {
  // Whatever form the database gives it: some count their users.
  return { userId: '', ...data, sessionToken, expires: new Date(expiresAt) }
}

function ownerOf({ userId }: Readonly<Record<string, unknown>>): string {
  if (typeof userId === 'string' || typeof userId === 'number') return String(userId)
  throw new SessionError('INVALID_ARGUMENT', 'A session must have a userId.')
}

function instantOf(expires: unknown): number {
  const at = expires instanceof Date ? expires.getTime() : Number.NaN
  if (Number.isNaN(at)) throw new SessionError('INVALID_ARGUMENT', 'expires must be a date.')
  return at
}

function checked<User>(options: AuthjsOptions<User>): AuthjsOptions<User> {
  const { users, label: _label, ...others } = options
  refuseOthers(others)
  if (typeof users?.getUser === 'function') return options
  throw new SessionError('INVALID_ARGUMENT', 'users must have getUser, as the adapter of your database has.')
}

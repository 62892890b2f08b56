import { type Payload, payloadOf } from '../payload.ts'

/** What a session says of its user. */
export interface LoggedIn {
  readonly userId: string | null
  readonly data: Pick<Payload, 'theme'>
}

/** What is answered in JSON: a field of the session and a field of its data. */
export interface Greeting {
  readonly userId: string | null
  readonly theme: string
}

/** Long enough for every user of a run, so that all answers are of one length. */
const DIGITS = 6
let users = 0

/** The next one of this process, with the data of the other benchmarks. */
export function nextUser(): { userId: string; data: Payload } {
  users += 1
  return { userId: `user-${String(users).padStart(DIGITS, '0')}`, data: payloadOf(users) }
}

export function greetingOf({ userId, data }: LoggedIn): Greeting {
  return { userId, theme: data.theme }
}

/** What a framework without sessions says to everybody. */
export const NOBODY_KNOWN: Greeting = greetingOf(nextUser())

/**
 * What somebody's middleware holds as its session, whatever its type says.
 * @throws Error when nobody is logged in there
 */
export function loggedInBy(session: unknown): LoggedIn {
  if (isLoggedIn(session)) return session
  throw new Error('Nobody is logged in.')
}

function isLoggedIn(session: unknown): session is LoggedIn {
  return typeof session === 'object' && session !== null && 'userId' in session && 'data' in session
}

/** Of somebody's middleware that signs or seals its cookie. */
export const SECRET = 'a-secret-of-at-least-thirty-two-characters'

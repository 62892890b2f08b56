import { type ErrorCode, redacted, SessionError } from '../../core/errors.ts'
import { LIBRARY } from './scripts.gen.ts'

/** What it means when no answer came: a write may have happened, a read has not. */
export type Silence = 'ENGINE_UNAVAILABLE' | 'OUTCOME_UNKNOWN'

const NO_RIGHT: readonly [ErrorCode, string] = [
  'ENGINE_REFUSED',
  'the user lacks a right (NOPERM): see the ACL rule that doctor prints',
]

/** What the first word of a server's error means for sessions. It says no, so nothing was written. */
const REFUSALS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  OOM: ['STORE_FULL', 'the server has no memory left for writes (OOM): raise maxmemory, or add a node'],
  MISCONF: [
    'ENGINE_REFUSED',
    'the server cannot write to its disk and stopped writes (MISCONF): see its log',
  ],
  READONLY: ['ENGINE_UNAVAILABLE', 'the server is a replica now (READONLY): a fail-over is under way'],
  LOADING: ['ENGINE_UNAVAILABLE', 'the server is loading its data (LOADING)'],
  BUSY: ['ENGINE_UNAVAILABLE', 'a script of somebody holds the server up (BUSY)'],
  CLUSTERDOWN: ['ENGINE_UNAVAILABLE', 'the cluster is down, or a slot has no server (CLUSTERDOWN)'],
  MASTERDOWN: ['ENGINE_UNAVAILABLE', 'the server is a replica without a primary (MASTERDOWN)'],
  TRYAGAIN: ['ENGINE_UNAVAILABLE', 'the slot is moving to another server (TRYAGAIN)'],
  MOVED: ['ENGINE_UNAVAILABLE', 'the slot has moved to another server (MOVED)'],
  ASK: ['ENGINE_UNAVAILABLE', 'the slot is moving to another server (ASK)'],
  NOREPLICAS: ['ENGINE_UNAVAILABLE', 'too few replicas are in reach (NOREPLICAS): see min-replicas-to-write'],
  NOAUTH: ['ENGINE_REFUSED', 'the server asks for a password, or refused the one that it got (NOAUTH)'],
  WRONGPASS: ['ENGINE_REFUSED', 'the user or password is wrong (WRONGPASS)'],
  NOPERM: NO_RIGHT,
  WRONGTYPE: ['ENGINE_REFUSED', 'a key of ours holds something else (WRONGTYPE): who else uses the prefix?'],
  NOSCRIPT: ['ENGINE_UNAVAILABLE', 'the server lost a script again and again (NOSCRIPT)'],
  NOPROTO: ['ENGINE_REFUSED', 'the server does not speak the protocol that the client asks for (NOPROTO)'],
}

/** A key that a script reaches has left for another server: refused before the script wrote anything. */
const NON_LOCAL = /non[ -]local key|undeclared key/i
/** Scripts meet a cluster that is down with a sentence of their own. */
const DOWN_IN_SCRIPT = /while the cluster is down/i
/** A command inside a script that the caller has no right to. Redis 7.0 and newer say it without the word NOPERM. */
const NO_RIGHT_IN_SCRIPT = /ACL failure in script|executing the (script|function) can't/i
/** A server without the library of this release, or one that is older than functions. */
const NO_FUNCTION = /function not found|unknown command ['`]fcall\b/i
/** Redis 6.2 gives an error inside a script as the text of another one; the first word of it is the last here. */
const IN_SCRIPT_OF_6 = /^-?ERR Error running script .*@user_script: ?\d+: -?([A-Z]+)\b/
/** ioredis gives up following a slot that moves, and says what the last server answered. */
const LAST_REDIRECTION = /^Too many Cluster redirections\. Last error: ReplyError: ([A-Z]+)\b/
const REPLY_ERRORS: readonly string[] = ['ReplyError', 'SimpleError', 'BlobError', 'ErrorReply']
/** The driver says that it sent nothing. */
const UNSENT: readonly string[] = ['ClientClosedError', 'ClientOfflineError', 'ClusterAllFailedError']

/** What an administrator does on each primary. Redis 7.0 and newer. */
export const HOW_TO_LOAD = 'sojourn-doctor --library | redis-cli -x FUNCTION LOAD REPLACE'
const NO_LIBRARY = `the server does not have the library ${LIBRARY.name} (Redis 7.0 or newer): ${HOW_TO_LOAD}`

/** There was no connection to send anything on. */
export class NotSent extends Error {
  constructor(cause: unknown) {
    super('No connection could be opened.', { cause })
  }
}

/** The error of a driver as one of ours, with nothing of what was sent (SECURITY T98). */
export function failureOf(error: unknown, silence: Silence): SessionError {
  if (error instanceof SessionError) return error
  const word = refusalOf(error instanceof NotSent ? error.cause : error)
  const [code, what] = REFUSALS[word ?? ''] ?? unnamed(error, silence)
  return new SessionError(code, `redis: ${what}.`, { cause: redacted(error) })
}

/** The first word of the server's own error; null for an error that is none. */
export function refusalOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const isReply = REPLY_ERRORS.includes(error.constructor.name) || REPLY_ERRORS.includes(error.name)
  if (!isReply) return LAST_REDIRECTION.exec(error.message)?.[1] ?? null
  const [, word = 'ERR'] = IN_SCRIPT_OF_6.exec(error.message) ?? /^-?([A-Z]+)\b/.exec(error.message) ?? []
  return word
}

/** Whether the connection failed, so that the same idempotent command may be sent once more. */
export function isSilence(error: unknown): boolean {
  return !(error instanceof SessionError) && refusalOf(error) === null
}

/** Whether nothing was sent, so that nothing was written. */
export function isUnsent(error: unknown): boolean {
  return error instanceof NotSent || (error instanceof Error && UNSENT.includes(error.constructor.name))
}

function unnamed(error: unknown, silence: Silence): readonly [ErrorCode, string] {
  if (error instanceof Error && NON_LOCAL.test(error.message)) {
    return ['ENGINE_UNAVAILABLE', 'the slot is moving to another server']
  }
  if (error instanceof Error && DOWN_IN_SCRIPT.test(error.message)) {
    return ['ENGINE_UNAVAILABLE', 'the cluster is down, or a slot has no server (CLUSTERDOWN)']
  }
  if (error instanceof Error && NO_RIGHT_IN_SCRIPT.test(error.message)) return NO_RIGHT
  if (error instanceof Error && refusalOf(error) !== null) {
    const isWithoutLibrary = NO_FUNCTION.test(error.message)
    return ['ENGINE_REFUSED', isWithoutLibrary ? NO_LIBRARY : 'the server refused a command']
  }
  return [isUnsent(error) ? 'ENGINE_UNAVAILABLE' : silence, 'the connection failed']
}

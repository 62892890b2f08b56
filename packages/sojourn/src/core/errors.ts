import { getSystemErrorMap } from 'node:util'

type Row = {
  /** The HTTP status that an adapter answers with. */
  readonly status: number
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean
  readonly message: string
  /** What to do about it, for whoever reads `docs/errors.md`. */
  readonly help: string
}

/**
 * Every failure of sojourn, one row each. Codes are public: never renamed, never used again. Absent, expired
 * and revoked sessions are no failures: they read as null. `docs/errors.md` is generated from this table.
 */
export const ERRORS = {
  ENGINE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: 'The engine did not answer in time.',
    help: 'Answer 503, keep the cookie, try again soon. Check that the store runs and can be reached.',
  },
  ENGINE_REFUSED: {
    status: 503,
    retryable: true,
    message: 'The engine answered, and refused the call.',
    help: 'Nothing was written. Correct at the server what the message names: password, right, key, disk or mode. No restart is needed.',
  },
  OUTCOME_UNKNOWN: {
    status: 503,
    retryable: true,
    message: 'The write was sent, but its outcome is unknown.',
    help: 'Read the session and look. Try again what may happen twice; a recipe that counts up would count twice.',
  },
  OVERLOADED: {
    status: 503,
    retryable: true,
    message: 'Too many operations are waiting.',
    help: 'Try again after a random pause. When it stays, the store is slower than the load.',
  },
  CONFLICT: {
    status: 409,
    retryable: true,
    message: 'Other writers changed the session again and again.',
    help: 'Try again. When it stays, too many processes write one session: write less often.',
  },
  STORE_CLOSED: {
    status: 503,
    retryable: false,
    message: 'The session store is closed.',
    help: 'Close the store after the last request, not before it.',
  },
  STORE_FULL: {
    status: 503,
    retryable: true,
    message: 'The engine has no room for another write.',
    help: 'Free disk or memory, or raise the limit that the message names. Reads go on.',
  },
  STORE_REFUSED: {
    status: 500,
    retryable: false,
    message: 'The store cannot be opened as it is.',
    help: 'Correct what the message names: path, owner, file mode, file format or key. Nothing was changed.',
  },
  RECORD_UNREADABLE: {
    status: 500,
    retryable: false,
    message: 'A stored session cannot be read.',
    help: 'Check for an older release, another key or a damaged file. The record is kept as it is.',
  },
  USER_LIMIT_REACHED: {
    status: 409,
    retryable: false,
    message: 'The user has too many sessions.',
    help: "Let the user end another session first, or use `whenFull: 'endOldest'`.",
  },
  USER_MISMATCH: {
    status: 403,
    retryable: false,
    message: 'The session belongs to another user.',
    help: 'Log the other user in as a new session. A session never changes its user.',
  },
  DATA_REFUSED: {
    status: 422,
    retryable: false,
    message: 'The data holds a value that cannot be stored.',
    help: 'Store plain data only. The message names the path to the value.',
  },
  DATA_TOO_LARGE: {
    status: 413,
    retryable: false,
    message: 'The data is larger than the limit.',
    help: 'Keep large things in your database, and their keys here. The message names size and limit.',
  },
  SCHEMA_REFUSED: {
    status: 422,
    retryable: false,
    message: 'The schema refused the data.',
    help: 'Correct the data or the schema. The message names the path to the value.',
  },
  ARCHIVE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: 'The archive cannot be reached, or is not ready.',
    help: 'Nothing is lost: what ended waits in the store. Correct what the message names: address, right, disk or schema. No restart is needed.',
  },
  ARCHIVE_REFUSED: {
    status: 500,
    retryable: false,
    message: 'The archive refused a session.',
    help: 'The session waits, and becomes a dead letter after ten tries. Correct `select` or the destination, then retry it.',
  },
  INVALID_ARGUMENT: {
    status: 500,
    retryable: false,
    message: 'An argument or option is not valid.',
    help: 'Correct the call or the option that the message names.',
  },
  HEADERS_SENT: {
    status: 500,
    retryable: false,
    message: 'The response headers are already sent.',
    help: 'Log in, rotate and log out before the response begins. Nothing was changed.',
  },
  AMBIGUOUS_CREDENTIALS: {
    status: 400,
    retryable: false,
    message: 'More than one credential was sent.',
    help: 'Send the cookie or the bearer token, once, never both.',
  },
  ORIGIN_REFUSED: {
    status: 403,
    retryable: false,
    message: 'The request comes from another origin.',
    help: 'Add the origin to the list of trusted origins, if it is yours.',
  },
  ANONYMOUS_LIMIT: {
    status: 429,
    retryable: true,
    message: 'Too many anonymous sessions were created.',
    help: 'Try again later. Raise the limit if the visitors are real.',
  },
  REAUTHENTICATION_REQUIRED: {
    status: 401,
    retryable: false,
    message: 'A recent log-in is required.',
    help: 'Ask the user for the password or second factor again, then re-authenticate the session.',
  },
} as const satisfies Record<string, Row>

export type ErrorCode = keyof typeof ERRORS

/**
 * The one error class. Match `code`, not the class or the message: two loaded copies of the package agree on
 * a string. Neither message nor cause ever holds a token, a key or session data.
 */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly code: ErrorCode
  readonly status: number
  readonly retryable: boolean

  constructor(code: ErrorCode, detail = '', options?: ErrorOptions) {
    super(detail === '' ? ERRORS[code].message : `${ERRORS[code].message} ${detail}`, options)
    this.code = code
    this.status = ERRORS[code].status
    this.retryable = ERRORS[code].retryable
  }
}

/** Whether something is there that cannot be read: what else there is need not wait for it. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'RECORD_UNREADABLE'
}

/** The words that servers and LMDB begin an error with, and that hold nothing but what they say. */
const FIRST_WORD =
  /^-?(?:ERR|WRONGTYPE|NOAUTH|NOPERM|WRONGPASS|DENIED|NOSCRIPT|BUSY|NOTBUSY|UNKILLABLE|LOADING|MASTERDOWN|NOMASTERLINK|MISCONF|READONLY|OOM|EXECABORT|NOREPLICAS|NOGOODSLAVE|NOQUORUM|INPROG|IOERR|MOVED|ASK|CROSSSLOT|TRYAGAIN|CLUSTERDOWN|NOPROTO|UNBLOCKED|MDB_[A-Z_]{3,30})(?![\w-])/
const CLASS_NAME = /^[A-Za-z]{1,40}$/
const CODE = /^[A-Z0-9_]{1,40}$/
const NUMBER = /^-?\d{1,6}$/
const SYSCALL = /^[a-z_]{1,20}$/
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f]{0,4}:[\da-f:]{1,35}[\d.]{0,15})$/i

/**
 * A driver's error without what it may carry. Servers repeat arguments, and drivers add whole commands or a URL
 * with its password. So nothing is copied that could be text of somebody's choice: the name, the code and the
 * fields of a system error, each in its own narrow form, and of the message a first word of a closed list and
 * those of the driver's `texts` that end a part of it (SECURITY T98).
 */
export function redacted(error: unknown, texts: readonly string[] = []): Error {
  if (!(error instanceof Error)) return new Error('The engine failed with a value that is not an error.')
  const name = matching(CLASS_NAME, error.name) ?? 'Error'
  const code = codeOf(Reflect.get(error, 'code'))
  const parts = [
    matching(FIRST_WORD, error.message),
    textOf(error.message, texts),
    labelled('syscall', matching(SYSCALL, Reflect.get(error, 'syscall'))),
    labelled('address', matching(ADDRESS, Reflect.get(error, 'address'))),
    labelled('port', matching(NUMBER, Reflect.get(error, 'port'))),
  ]
  const said = parts.filter((part) => part !== null).join(', ')
  return new Error(`${name}${code === null ? '' : ` [${code}]`}${said === '' ? '' : `: ${said}`}`)
}

/** Numbers of the operating system come with their name. */
function codeOf(code: unknown): string | null {
  const number = typeof code === 'number' ? matching(NUMBER, code) : null
  const [name] = (number !== null && getSystemErrorMap().get(-Number(number))) || []
  return name === undefined ? (number ?? matching(CODE, code)) : `${number} ${name}`
}

function matching(pattern: RegExp, value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' ? (pattern.exec(text)?.[0] ?? null) : null
}

function textOf(message: unknown, texts: readonly string[]): string | null {
  if (typeof message !== 'string') return null
  return texts.find((text) => message === text || message.endsWith(`: ${text}`)) ?? null
}

function labelled(label: string, text: string | null): string | null {
  return text === null ? null : `${label} ${text}`
}

type Row = {
  /** The HTTP status that an adapter answers with. */
  readonly status: number
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean
  readonly message: string
}

/**
 * Every failure of sojourn, one row each. Codes are public: never renamed, never used again. Absent, expired
 * and revoked sessions are no failures: they read as null. `docs/errors.md` is generated from this table.
 */
export const ERRORS = {
  ENGINE_UNAVAILABLE: { status: 503, retryable: true, message: 'The engine did not answer in time.' },
  OUTCOME_UNKNOWN: {
    status: 503,
    retryable: true,
    message: 'The write was sent, but its outcome is unknown.',
  },
  OVERLOADED: { status: 503, retryable: true, message: 'Too many operations are waiting.' },
  CONFLICT: { status: 409, retryable: true, message: 'Other writers changed the session again and again.' },
  STORE_CLOSED: { status: 503, retryable: false, message: 'The session store is closed.' },
  STORE_FULL: { status: 507, retryable: true, message: 'The engine has no room for another write.' },
  STORE_REFUSED: { status: 500, retryable: false, message: 'The store cannot be opened as it is.' },
  RECORD_UNREADABLE: { status: 500, retryable: false, message: 'A stored session cannot be read.' },
  USER_LIMIT_REACHED: { status: 409, retryable: false, message: 'The user has too many sessions.' },
  USER_MISMATCH: { status: 403, retryable: false, message: 'The session belongs to another user.' },
  DATA_REFUSED: { status: 422, retryable: false, message: 'The data holds a value that cannot be stored.' },
  DATA_TOO_LARGE: { status: 413, retryable: false, message: 'The data is larger than the limit.' },
  SCHEMA_REFUSED: { status: 422, retryable: false, message: 'The schema refused the data.' },
  INVALID_ARGUMENT: { status: 500, retryable: false, message: 'An argument or option is not valid.' },
  HEADERS_SENT: { status: 500, retryable: false, message: 'The response headers are already sent.' },
  AMBIGUOUS_CREDENTIALS: { status: 400, retryable: false, message: 'More than one credential was sent.' },
  ORIGIN_REFUSED: { status: 403, retryable: false, message: 'The request comes from another origin.' },
  ANONYMOUS_LIMIT: { status: 429, retryable: true, message: 'Too many anonymous sessions were created.' },
  REAUTHENTICATION_REQUIRED: { status: 401, retryable: false, message: 'A recent log-in is required.' },
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

/** A driver's error without what it may carry: its name, code and message, and nothing else (SECURITY T98). */
export function redacted(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('The engine failed with a value that is not an error.')
  const code = 'code' in error && typeof error.code === 'string' ? ` [${error.code}]` : ''
  return new Error(`${error.name}${code}: ${error.message.slice(0, 200)}`)
}

import { type Policy, SessionError } from '../core/index.ts'
import type { Cookie, SameSite } from './cookie.ts'

/** How the session cookie looks. `Path=/`, `Secure`, `HttpOnly` and no `Domain` are not for choosing. */
export interface CookieOptions {
  /** Begins with `__Host-`; at most 64 characters. Default `__Host-id`. */
  readonly name?: string
  /** Default: as the store's lifetime preset says. */
  readonly sameSite?: SameSite
  /**
   * True: the cookie outlives the browser, at most until the session's absolute deadline. Refused for
   * presets whose standard forbids it. Default false.
   */
  readonly persistent?: boolean
}

const PREFIX = '__Host-'
const NAME_LENGTH = 64
/** A token of RFC 6265 section 4.1.1 (RFC 9110 section 5.6.2). */
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
const SAME_SITE: readonly string[] = ['Lax', 'Strict', 'None'] satisfies SameSite[]

/** What may be said, because it says what is so; any other value is refused. */
const FIXED = new Map<string, unknown>([
  ['path', '/'],
  ['secure', true],
  ['httpOnly', true],
])
const KNOWN: readonly string[] = ['name', 'sameSite', 'persistent'] satisfies (keyof CookieOptions)[]

/**
 * The cookie that options and preset ask for. In development it carries its plain name (`id`) and no
 * `Secure`, because browsers disagree about secure cookies on plain `http://localhost`.
 * @throws SessionError `INVALID_ARGUMENT` for what a browser would refuse or a thief would like (SECURITY T17)
 */
export function cookieOf(options: CookieOptions, policy: Policy, development: boolean): Cookie {
  for (const [field, value] of Object.entries(options)) checkField(field, value)
  const { name = `${PREFIX}id`, sameSite = policy.sameSite, persistent = false } = options
  checkName(name)
  if (!SAME_SITE.includes(sameSite)) throw refusal(`sameSite must be one of ${SAME_SITE.join(', ')}`)
  if (sameSite === 'None' && development) {
    throw refusal("sameSite 'None' needs Secure, which the development mode leaves out")
  }
  if (typeof persistent !== 'boolean') throw refusal('persistent must be true or false')
  if (persistent && !policy.persistentCookie) {
    throw refusal(`persistent is refused under the lifetime preset '${policy.name}'`)
  }
  return { name: development ? name.slice(PREFIX.length) : name, secure: !development, sameSite, persistent }
}

function checkField(field: string, value: unknown): void {
  if (field === 'domain') throw refusal('a __Host- cookie has no domain')
  if (FIXED.has(field)) {
    if (value !== FIXED.get(field)) throw refusal(`${field} is always ${String(FIXED.get(field))}`)
  } else if (!KNOWN.includes(field)) throw refusal(`there is no option '${field}'`)
}

function checkName(name: unknown): void {
  if (typeof name !== 'string' || !NAME.test(name)) throw refusal('name must be a token of RFC 6265')
  if (!name.startsWith(PREFIX) || name.length === PREFIX.length || name.length > NAME_LENGTH) {
    throw refusal(`name must be ${PREFIX} and more, at most ${NAME_LENGTH} characters`)
  }
}

function refusal(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `cookie: ${why}.`)
}

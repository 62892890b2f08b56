import type { cookies } from 'next/headers.js'
import { type ResponseHead, type SetCookie, WebIncoming } from '../http/index.ts'

/** What Next tells of a request. Pages and Server Actions are not told their URL. */
export interface NextAsked {
  readonly method: string
  readonly url: string | null
  readonly headers: Pick<Headers, 'get' | 'has'>
}

/** Next's cookies of one request: what `cookies()` resolves with. */
export type Jar = Awaited<ReturnType<typeof cookies>>

const SAME_SITE = { Lax: 'lax', Strict: 'strict', None: 'none' } as const

/** Where Next gives no response to put headers on. What it renders from cookies it calls private by itself. */
export class JarHead implements ResponseHead {
  readonly #jar: Jar

  constructor(jar: Jar) {
    this.#jar = jar
  }

  /** Next decides anew each time: what may be set in an action may not be set in what follows it. */
  get isSent(): boolean {
    return !canSet(this.#jar)
  }

  look(): void {
    // Nothing to add: no cache keeps what Next makes of a request's cookies.
  }

  fail(): void {
    // There is no `Retry-After` without a response.
  }

  setCookie(cookie: SetCookie): void {
    setIn(this.#jar, cookie)
  }
}

/** Sets our cookie where Next keeps those of an answer, and takes back those of before. */
export function setIn(cookies: Pick<Jar, 'set'>, cookie: SetCookie): void {
  cookies.set(nextCookie(cookie))
  for (const { name, path, domain } of cookie.takenBack ?? []) {
    const place = domain === null ? { path } : { path, domain }
    cookies.set({ ...place, name, value: '', maxAge: 0, expires: new Date(0) })
  }
}

/** Our cookie in the words of Next. */
function nextCookie({ name, value, secure, sameSite, maxAge }: SetCookie) {
  return {
    ...{ name, value, path: '/', secure, httpOnly: true, sameSite: SAME_SITE[sameSite] },
    ...(maxAge === null ? {} : { maxAge }),
    // Next leaves the date out where there is no age.
    ...(maxAge === 0 ? { expires: new Date(0) } : {}),
  }
}

/** Asks `set` itself, which refuses before it looks at what it is given: only where it may, it asks for the name. */
export function canSet(jar: Jar): boolean {
  const asked = new Error('asked for the name')
  const cookie = {
    get name(): string {
      throw asked
    },
    value: '',
  }
  try {
    jar.set(cookie)
    return true
  } catch (error) {
    return error === asked
  }
}

/**
 * A request with the cookie of that name as it is now: what an action or the proxy has set in this request shows in the
 * jar only. What the client sent is read from its header, because the jar decodes, and takes the last of two (SECURITY
 * T18, T19).
 */
export function incomingOf({ method, url, headers }: NextAsked, jar: Jar, name: string): WebIncoming {
  const cookie = cookieNow(headers.get('cookie'), jar.get(name)?.value, name)
  // Pages run behind Next's own server, which speaks plain HTTP.
  return new WebIncoming({
    method,
    url: url ?? 'http:',
    headers: { get: (header) => (header === 'cookie' ? cookie : headers.get(header)) },
  })
}

function cookieNow(sent: string | null, now: string | undefined, name: string): string | null {
  const pairs = (sent ?? '').split(/; */).filter((pair) => pair.startsWith(`${name}=`))
  const values = pairs.map((pair) => decoded(pair.slice(name.length + 1)))
  const isAsSent = now === undefined ? values.length === 0 : values.includes(now)
  if (isAsSent) return sent
  return now === undefined ? null : `${name}=${now}`
}

/** As Next does; null where that fails, and Next knows no such cookie. */
function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}

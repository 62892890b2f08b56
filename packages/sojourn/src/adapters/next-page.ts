import { cookies, headers } from 'next/headers.js'
import { SessionError } from '../core/index.ts'
import type { RequestSession, SessionGate } from '../http/index.ts'
import { canSet, incomingOf, type Jar, JarHead, type NextAsked } from './next-jar.ts'

type Gate<Data> = SessionGate<Data, NextAsked>
type Opened<Data> = Promise<RequestSession<Data>>

const FORM = /^(?:multipart\/form-data|application\/x-www-form-urlencoded)\b/i

/** The sessions that are open for changes, by what Next makes for each request. */
export type Writable<Data> = WeakMap<Jar, Opened<Data>>

/** Reads the session, wherever Next tells of cookies and keeps the answer out of caches. The gate refuses changes. */
export function readIn<Data>(gate: Gate<Data>, writable: Writable<Data>): () => Opened<Data> {
  // React's `cache` would do nothing where Next does not bundle this package.
  const known: Writable<Data> = new WeakMap()
  return async () => {
    const [jar, sent] = await Promise.all([cookies(), headers()])
    const open = () => openIn(gate, jar, { method: 'GET', url: null, headers: sent })
    if (!canSet(jar)) return once(known, jar, open)
    // Where cookies can change, each look is a new one.
    return writable.get(jar) ?? (isAction(sent) ? open() : misplaced())
  }
}

/** Opens the session of a Server Action for changes; in a Route Handler it is open already. */
export function writeIn<Data>(gate: Gate<Data>, writable: Writable<Data>): () => Opened<Data> {
  return async () => {
    const [jar, sent] = await Promise.all([cookies(), headers()])
    if (!canSet(jar) || !(writable.has(jar) || isAction(sent))) return misplaced()
    return once(writable, jar, () => openIn(gate, jar, { method: 'POST', url: null, headers: sent }))
  }
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function misplaced(): never {
  throw new SessionError(
    'INVALID_ARGUMENT',
    'Next.js lets a session change in three places: a Server Action (getMutableSession), a Route Handler ' +
      '(inside withSession) and proxy.ts (sessionProxy). A page can only read it (getSession).',
  )
}

function openIn<Data>(gate: Gate<Data>, jar: Jar, asked: NextAsked): Opened<Data> {
  return gate.open(asked, incomingOf(asked, jar, gate.cookieName), new JarHead(jar))
}

function once<Key extends object, Value>(known: WeakMap<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}

/**
 * Whether it may be a Server Action. Next does not tell the method, and a GET must not change a session (SECURITY T33);
 * but a GET has no form, and no page of another site can add the header unasked.
 */
function isAction(sent: NextAsked['headers']): boolean {
  return sent.has('next-action') || FORM.test(sent.get('content-type') ?? '')
}

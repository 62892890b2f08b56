import { cookies, headers } from 'next/headers.js'
import { expect } from 'vitest'
import { createSessionStore, type SessionData, type SessionStore } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { type Answer, send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import { SessionGate, WebHead, WebIncoming } from '../http/index.ts'
import { type NextSessions, nextSessions } from './next.ts'
import type { NextApp, Place } from './next-subject.test-support.ts'

export type Store = SessionStore<SessionData>
export type Twin = Partial<NextSessions<SessionData>>

/** The application with a user who is logged in. */
export async function serve(app: NextApp, place: Omit<Place, 'store'> = {}, twin?: (store: Store) => Twin) {
  const engine = new FaultyEngine(memory())
  const store = await createSessionStore<SessionData>({ engine, sweep: false, initial: () => ({ cart: [] }) })
  const sessions = twin === undefined ? {} : { sessions: { ...nextSessions(store), ...twin(store) } }
  const port = await app.serve({ store, ...sessions, ...place })
  const { token, session } = await store.create({ userId: 'u_1' })
  engine.forgetCalls()
  return { port, store, engine, token, id: session.id, headers: { Cookie: `__Host-id=${token}` } }
}

/** Who the page and its title say is there. */
export function shown({ status, body }: Answer): string[] {
  expect(status).toBe(200)
  const [, title = ''] = /<title>(.*?)<\/title>/.exec(body) ?? []
  return [title, ...[...body.matchAll(/<b>(.*?)<\/b>/g)].map(([, name = '']) => name)]
}

export const saidIn = ({ body }: Answer): string => /<i>(.*?)<\/i>/.exec(body)?.[1] ?? ''

/** One of the forms of a page, filled in. */
interface Form {
  readonly path: string
  readonly nth: number
  readonly fields: Readonly<Record<string, string>>
}

/** Sends a form as a browser without JavaScript does. */
export async function submit(
  port: number,
  sent: Record<string, string | null> = {},
  { path, nth, fields }: Form = { path: '/page', nth: 0, fields: {} },
): Promise<Answer> {
  const { body: page } = await send(port, 'GET', path)
  const [, action = ''] = [...page.matchAll(/name="(\$ACTION_ID_[^"]+)"/g)][nth] ?? []
  const parts = Object.entries({ [action]: '', ...fields }).map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const own = { Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' }
  const type = { 'Content-Type': 'multipart/form-data; boundary=x' }
  const all = Object.entries({ ...own, ...type, ...sent }).filter(([, value]) => value !== null)
  return send(port, 'POST', path, { headers: Object.fromEntries(all), body: `${parts.join('')}--x--\r\n` })
}

/** A reading of pages that is wrong in one way. */
export function reading(store: Store, cookieOf: () => Promise<string | null>): Twin {
  const gate = new SessionGate<SessionData, unknown>(store)
  return {
    async getSession() {
      const sent = await headers()
      const cookie = await cookieOf()
      const get = (name: string) => (name === 'cookie' ? cookie : sent.get(name))
      const incoming = new WebIncoming({ method: 'GET', url: 'http:', headers: { get } })
      return gate.open(null, incoming, new WebHead([]))
    },
  }
}

export const fromHeader = async () => (await headers()).get('cookie')
export const fromJar = async () => `__Host-id=${(await cookies()).get('__Host-id')?.value}`

import type { HttpOptions } from '../http/index.ts'
import { type Adapter, type Route, type Routes, start, type Turn } from './servers.test-support.ts'

/** What a browser says of a request that one of our own pages makes. */
export const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' }

/** The route's answer after a change: who is there now. */
function who({ session }: Turn): unknown {
  return { id: session.id, userId: session.userId, data: session.data }
}

const after =
  (change: (turn: Turn, query: URLSearchParams) => Promise<unknown>): Route =>
  async (turn): Promise<unknown> => {
    await change(turn, queryOf(turn))
    return who(turn)
  }

function queryOf({ request }: Turn): URLSearchParams {
  return new URL(request.url ?? '/', 'http://localhost').searchParams
}

/** A small shop that uses every verb of the handle. */
export const APP: Routes = {
  'GET /free': () => 'nobody asked for the session',
  'GET /me': who,
  'POST /me': who,
  'POST /login': after(({ session }, query) =>
    session.login(query.get('user') ?? 'u_1', { carry: ['cart'], assurance: 'password' }),
  ),
  'POST /begin': after(({ session }) => session.begin({ data: { stage: 'code' }, carry: ['cart'] })),
  'POST /add': after(({ session }, query) =>
    session.update((draft) => {
      const { cart } = draft
      Object.assign(draft, { cart: [...listOf(cart), query.get('item') ?? 'tea'] })
    }),
  ),
  'POST /nothing': after(({ session }) => session.update(() => undefined)),
  'POST /rotate': after(({ session }, query) => session.rotate({ grace: query.get('grace') !== 'no' })),
  'POST /prove': after(({ session }, query) =>
    session.reauthenticate({ userId: query.get('user') ?? 'u_1', assurance: 'passkey' }),
  ),
  'POST /logout': after(({ session }) => session.logout()),
  'GET /devices': ({ session }) => session.list(),
  'POST /revoke': ({ session, request }) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    return session.revoke(url.searchParams.get('id') ?? '')
  },
  'POST /revoke-others': ({ session }) => session.revokeOthers(),
  'GET /csrf': ({ session }) => session.csrfToken(),
  'POST /guarded': ({ session, request }) => {
    session.requireCsrf(request.headers['x-csrf-token'])
    return 'done'
  },
  'POST /transfer': ({ session }) => {
    session.requireRecentAuth('5m')
    return 'done'
  },
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

/** A server on which a user is logged in, with the token that the browser holds. */
export async function loggedIn(adapter: Adapter, http: HttpOptions = {}, routes: Routes = {}) {
  const running = await start(adapter, { ...APP, ...routes }, { http })
  const { token, session } = await running.store.create({ userId: 'u_1' })
  running.engine.forgetCalls()
  return { ...running, token, id: session.id, cookie: { Cookie: `__Host-id=${token}` } }
}

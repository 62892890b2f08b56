import { once } from 'node:events'
import { Server } from 'node:http'
import { serve, upgradeWebSocket } from '@hono/node-server'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createSessionStore, type SessionData } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import { sojourn } from './hono.ts'
import type { Adapter } from './hono-twins.test-support.ts'

const OWN = 'https://bank.example'

async function storeOf() {
  const store = await createSessionStore<SessionData>({ engine: memory(), sweep: false })
  onTestFinished(() => store.close())
  const { token } = await store.create({ userId: 'u_1' })
  return { store, token }
}

/** Hono's own WebSockets: their requests pass its middleware. */
async function serveSockets(app: Hono): Promise<number> {
  const sockets = new WebSocketServer({ noServer: true })
  // @ts-expect-error: Hono and ws write the types of some options in two ways.
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', websocket: { server: sockets } })
  if (!(server instanceof Server)) throw new Error('Not a server of node:http.')
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  if (!server.listening) await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return address.port
}

/** The status of the answer to a page of this origin that opens a WebSocket. */
function statusFor(port: number, token: string, origin: string): Promise<number | undefined> {
  const headers = { Cookie: `__Host-id=${token}`, Origin: origin }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers })
  return new Promise((resolve, reject) => {
    socket.on('upgrade', ({ statusCode }) => resolve(statusCode))
    socket.on('unexpected-response', (_request, { statusCode }) => {
      resolve(statusCode)
      socket.terminate()
    })
    socket.on('error', reject)
  })
}

async function check(adapter: Adapter): Promise<void> {
  const { store, token } = await storeOf()
  const seen: unknown[] = []
  const app = new Hono()
  app.use(adapter(store, { origins: [OWN] }))
  app.get(
    '/',
    upgradeWebSocket((c) => {
      seen.push(c.get('session').userId)
      return {}
    }),
  )
  const port = await serveSockets(app)
  expect(await statusFor(port, token, OWN)).toBe(101)
  expect(await statusFor(port, token, 'https://evil.bank.example')).toBe(403)
  expect(seen).toEqual(['u_1'])
}

/** Looks at the origin of what changes something only. */
const trusting: Adapter = (store, options) => (c, next) => {
  c.req.raw.headers.delete('upgrade')
  return sojourn(store, options)(c, next)
}

test('T29: a WebSocket that passes the middleware is opened for our own pages only', () => check(sojourn))

test('T29: a twin that lets every GET pass is found out', () =>
  expect(check(trusting)).rejects.toMatchObject({ name: 'AssertionError' }))

test('T21: what is thrown past onError takes no cookie along, and a change after it is not stored', async () => {
  const { store } = await storeOf()
  let late: Promise<unknown> = Promise.resolve()
  let answered = (): void => undefined
  const gone = new Promise<void>((resolve) => {
    answered = resolve
  })
  const app = new Hono().use(sojourn(store)).post('/', (c) => {
    late = gone.then(() => c.var.session.login('u_2')).catch((error) => error)
    return Promise.reject('no Error')
  })
  const answer = Promise.resolve(app.request('/', { method: 'POST', headers: SAME_ORIGIN }))
  await expect(answer).rejects.toBe('no Error')
  answered()
  expect(await late).toMatchObject({ code: 'HEADERS_SENT' })
})

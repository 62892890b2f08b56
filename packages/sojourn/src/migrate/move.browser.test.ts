import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import { type Browser, chromium, type Page } from 'playwright-core'
import { CHROMIUM_ARGS, chromiumProgram } from 'sojourn-servers'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { sessionErrors, sojourn } from '../adapters/express.ts'
import { type ExpressStore, session } from '../compat/express-module.test-support.ts'
import { called, sessionOf } from '../compat/express-site.test-support.ts'
import { createSessionStore } from '../core/create-session-store.ts'
import { ENGINES } from '../core/engines.test-support.ts'
import type { SessionData } from '../core/session.ts'
import type { SessionStore } from '../core/session-store.ts'
import { HOUR, Moving } from './express-move.test-support.ts'
import { fromExpressSession } from './from-cookie.ts'

const FORM = '<form method="post" action="/login"><button>Log in</button></form>'
const OUT = '<form method="post" action="/logout"><button>Log out</button></form>'
const STEP_LIMIT_MS = 10_000

let browser: Browser

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: chromiumProgram(), args: CHROMIUM_ARGS })
})
afterAll(() => browser.close())

function page(user: unknown): string {
  const said = typeof user === 'string' ? `<p>Logged in as ${user}.</p>${OUT}` : `<p>Nobody.</p>${FORM}`
  return `<!doctype html><html lang="en"><title>The shop</title>${said}`
}

/** The shop on express-session, whatever its store. */
function shopOn(store: ExpressStore): RequestListener {
  const app = express()
  const cookie = { maxAge: HOUR }
  app.use(session({ store, cookie, secret: 'tests', resave: false, saveUninitialized: false }))
  app.get('/', (request, response) => {
    const { user } = sessionOf(request)
    response.send(page(user))
  })
  app.post('/login', async (request, response) => {
    await called((done) => sessionOf(request).regenerate(done))
    Object.assign(sessionOf(request), { user: 'ada' })
    response.redirect(303, '/')
  })
  app.post('/logout', async (request, response) => {
    await called((done) => sessionOf(request).destroy(done))
    response.redirect(303, '/')
  })
  return app
}

/** The same shop on sojourn's own middleware. */
function shopOnOurs(sessions: SessionStore<SessionData>, options: object): RequestListener {
  const app = express()
  app.use(sojourn(sessions, options))
  app.get('/', (request, response) => void response.send(page(request.session.userId)))
  app.post('/logout', async (request, response) => {
    await request.session.logout()
    response.redirect(303, '/')
  })
  app.use(sessionErrors())
  return app
}

/** Runs an application on a port; the returned function takes it down. */
async function serve(app: RequestListener, port = 0): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  onTestFinished(close)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return { port: address.port, close }
}

async function loggedIn(port: number): Promise<Page> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  context.setDefaultTimeout(STEP_LIMIT_MS)
  const tab = await context.newPage()
  await tab.goto(`http://127.0.0.1:${port}/`)
  await tab.getByText('Log in').click()
  await tab.getByText('Logged in as ada.').waitFor()
  return tab
}

async function cookiesOf(tab: Page): Promise<Record<string, string>> {
  const cookies = await tab.context().cookies()
  return Object.fromEntries(cookies.map(({ name, value }) => [name, value]))
}

const [memory] = ENGINES

test('MI1: a shop on connect-redis is replaced by the same shop on sojourn, and its customer stays logged in', async () => {
  const moving = await Moving.over(memory)
  const old = await serve(shopOn(moving.oldStore()))
  const tab = await loggedIn(old.port)
  const before = await cookiesOf(tab)
  await old.close()
  const { store } = await moving.newStore(moving.reader())
  await serve(shopOn(store), old.port)
  await tab.reload()
  await tab.getByText('Logged in as ada.').waitFor()
  expect(await cookiesOf(tab)).toEqual(before)
  expect(await moving.keys()).toEqual([])
  await tab.getByText('Log out').click()
  await tab.getByText('Nobody.').waitFor()
})

test('MI1: replaced by one on sojourn’s own middleware, the customer stays logged in and the old cookie is replaced', async () => {
  const moving = await Moving.over(memory)
  const old = await serve(shopOn(moving.oldStore()))
  const tab = await loggedIn(old.port)
  const before = await tab.context().cookies()
  await old.close()
  const sessions = await createSessionStore<SessionData>({ engine: await (await memory.prepare()).open() })
  onTestFinished(() => sessions.close())
  const migrateFrom = fromExpressSession({
    store: moving.reader(),
    secret: 'tests',
    userId: ({ user }) => (typeof user === 'string' ? user : null),
  })
  await serve(shopOnOurs(sessions, { development: true, migrateFrom }), old.port)
  await tab.reload()
  await tab.getByText('Logged in as ada.').waitFor()
  expect(Object.keys(await cookiesOf(tab))).toEqual(['id'])
  expect(await moving.keys()).toEqual([])
  await tab.getByText('Log out').click()
  await tab.getByText('Nobody.').waitFor()
  expect(await cookiesOf(tab)).toEqual({})
  await tab.context().addCookies(before)
  await tab.reload()
  await tab.getByText('Nobody.').waitFor()
})

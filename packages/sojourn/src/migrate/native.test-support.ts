import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import { onTestFinished } from 'vitest'
import { sessionErrors, sojourn } from '../adapters/express.ts'
import { createSessionStore } from '../core/create-session-store.ts'
import type { EngineUnderTest } from '../core/engines.test-support.ts'
import type { StoreOptions } from '../core/options.ts'
import type { SessionData } from '../core/session.ts'
import type { SessionStore } from '../core/session-store.ts'
import { Browser } from '../http/client.test-support.ts'
import type { HttpOptions } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import type { OldSessions } from '../http/old-sessions.ts'

export interface NativeSite {
  readonly port: number
  readonly sessions: SessionStore<SessionData>
  browser(): Browser
}

/** Processes of an application on sojourn's own middleware, over one storage; they end with the test. */
export async function nativeSites(
  engine: EngineUnderTest,
  migrateFrom: OldSessions,
  options: Partial<StoreOptions<SessionData>> & { readonly count?: number; readonly http?: HttpOptions } = {},
): Promise<readonly [NativeSite, ...NativeSite[]]> {
  const { count = 1, http = {}, ...more } = options
  const storage = await engine.prepare()
  onTestFinished(() => storage.dispose())
  const start = async (): Promise<NativeSite> => {
    const sessions = await createSessionStore<SessionData>({
      sweep: false,
      ...more,
      engine: await storage.open(),
    })
    onTestFinished(() => sessions.close())
    const port = await listen(createServer(nativeApp(sessions, { ...http, migrateFrom })))
    return { port, sessions, browser: () => new Browser(port) }
  }
  const first = await start()
  const others = await Promise.all(Array.from({ length: count - 1 }, start))
  return [first, ...others]
}

/** `/me` says who is logged in, `/aside` looks at no session, `/logout` ends it. */
function nativeApp(sessions: SessionStore<SessionData>, options: object): RequestListener {
  const app = express()
  app.set('env', 'test')
  app.use(sojourn(sessions, options))
  app.get('/me', ({ session }, response) => {
    response.json({ userId: session.userId, data: session.data })
  })
  app.get('/aside', (_request, response) => void response.send('aside'))
  app.post('/logout', async ({ session }, response) => {
    await session.logout()
    response.send('out')
  })
  app.post('/rotate', async ({ session }, response) => {
    await session.rotate({ grace: false })
    response.send('rotated')
  })
  app.use(sessionErrors())
  return app
}

/** Who a page says is logged in. */
export async function userAt(browser: Browser): Promise<unknown> {
  const body: unknown = JSON.parse((await browser.get('/me')).body)
  return typeof body === 'object' && body !== null ? Reflect.get(body, 'userId') : undefined
}

/** The same cookies at another application of the same host. */
export function withCookies(browser: Browser, cookies: ReadonlyMap<string, string>): Browser {
  for (const [name, value] of cookies) browser.cookies.set(name, value)
  return browser
}

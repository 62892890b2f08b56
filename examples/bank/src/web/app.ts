import { fileURLToPath } from 'node:url'
import express, { type Express } from 'express'
import { sojourn } from 'sojourn/express'
import type { Bank } from './bank.ts'
import { requireCsrf } from './csrf.ts'
import { answerErrors, answerNotFound } from './errors.ts'
import { accountRoutes } from './routes/accounts.ts'
import { deviceRoutes } from './routes/devices.ts'
import { identityRoutes } from './routes/identity.ts'
import { keepAliveRoutes, POLL_PATH } from './routes/keep-alive.ts'
import { logInRoutes } from './routes/log-in.ts'
import { pastRoutes } from './routes/past.ts'
import { preferenceRoutes } from './routes/preferences.ts'
import { transferRoutes } from './routes/transfer.ts'
import { securityHeaders } from './security-headers.ts'
import { requireLogIn } from './who.ts'

const PUBLIC = fileURLToPath(new URL('../../public', import.meta.url))

/**
 * The web application. The order of these lines is its security: nothing below `sojourn` runs for a request
 * that another site made, nothing below `requireCsrf` for a form that is not ours, and nothing below
 * `requireLogIn` for somebody who is not logged in.
 * @param origins the origins under which browsers reach the bank
 */
export function createApp(bank: Bank, origins: readonly string[]): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag')
  app.use(securityHeaders)
  // Style and script are the same for everybody: no session is read for them.
  app.use('/assets', express.static(PUBLIC, { index: false, maxAge: 0 }))
  app.use(
    sojourn(bank.sessions, {
      // Plain http on this machine. A real bank leaves this out: its cookie is `__Host-id` and `Secure`.
      development: true,
      cookie: { sameSite: 'Strict' },
      origins,
      // The countdown asks by itself how much time is left. That must not count as somebody being there.
      touch: (request) => request.path !== POLL_PATH,
    }),
  )
  app.use(express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 20 }))
  app.use(requireCsrf)
  app.use(logInRoutes(bank), preferenceRoutes(bank), keepAliveRoutes(bank))
  app.use(requireLogIn)
  app.use(
    accountRoutes(bank),
    transferRoutes(bank),
    deviceRoutes(bank),
    pastRoutes(bank),
    identityRoutes(bank),
  )
  app.use(answerNotFound)
  app.use(answerErrors)
  return app
}

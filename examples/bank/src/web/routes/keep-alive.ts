import { Router } from 'express'
import { timeLeft } from '../../session/time-left.ts'
import type { Bank } from '../bank.ts'

/** Asked by the countdown, again and again. It must not keep the session alive: see `touch` in `app.ts`. */
export const POLL_PATH = '/session'

export function keepAliveRoutes(bank: Bank): Router {
  const router = Router()

  router.get(POLL_PATH, (request, response) => {
    const { current } = request.session
    response.json(current?.userId ? timeLeft(bank.sessions, current, 'polling') : { leftMs: 0 })
  })

  // The button of the countdown. It stores the activity at once, also when the last one was a moment ago.
  router.post('/session/stay', async (request, response) => {
    if (request.session.userId !== null) await request.session.touch()
    response.status(204).end()
  })

  return router
}

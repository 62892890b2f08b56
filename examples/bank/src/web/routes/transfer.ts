import { Router } from 'express'
import type { Bank } from '../bank.ts'
import { sendPage } from '../page.ts'
import { customerOf } from '../who.ts'
import { amountRoutes } from './transfer/amount.ts'
import { recipientRoutes } from './transfer/recipient.ts'
import { resumeRoutes } from './transfer/resume.ts'
import { reviewRoutes } from './transfer/review.ts'

/**
 * A transfer is written on three pages. Between them it lives in the session: it survives a restart of the
 * bank, and it is the same in two tabs. When the session ends it goes to the archive, from where `resume.ts` fetches it.
 */
export function transferRoutes(bank: Bank): Router {
  const router = Router()

  // To the first page that is not filled in.
  router.get('/transfer', (request, response) => {
    const { draft } = request.session.data
    if (draft === null) return response.redirect(303, '/transfer/to')
    response.redirect(303, draft.amountCents === null ? '/transfer/amount' : '/transfer/review')
  })

  router.post('/transfer/discard', async (request, response) => {
    await request.session.update((draft) => {
      draft.draft = null
    })
    response.redirect(303, '/accounts?notice=discarded')
  })

  router.get('/transfer/done/:id', (request, response, next) => {
    const transaction = bank.ledger.transaction(customerOf(request).id, request.params.id)
    if (transaction === null) return next()
    sendPage(bank, response, { view: 'transfer-done', section: 'transfer', data: { transaction } })
  })

  router.use(recipientRoutes(bank), amountRoutes(bank), reviewRoutes(bank), resumeRoutes(bank))
  return router
}

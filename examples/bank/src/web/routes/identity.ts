import { Router } from 'express'
import type { Bank } from '../bank.ts'
import { checkPassword } from '../check-password.ts'
import { sendPage, textsFor } from '../page.ts'
import { customerOf } from '../who.ts'

/** Where somebody who is logged in gives the password again before something sensitive. */
export function identityRoutes(bank: Bank): Router {
  const router = Router()

  router.get('/identity', (_request, response) => {
    sendPage(bank, response, { view: 'identity', section: 'devices', data: { problem: null } })
  })

  router.post('/identity', async (request, response) => {
    const customer = customerOf(request)
    const checked = await checkPassword(bank, request, customer.loginName)
    if ('refused' in checked) {
      const { identity, logIn } = textsFor(request)
      const problem = checked.refused === 'wrong' ? identity.wrong : logIn.tooMany
      return sendPage(bank, response, {
        view: 'identity',
        section: 'devices',
        data: { problem },
        status: 422,
      })
    }
    // A new token, the old one dead at once, and both timeouts from the start.
    await request.session.reauthenticate({ userId: customer.id, assurance: 'password' })
    response.redirect(303, '/devices?notice=confirmed')
  })

  return router
}

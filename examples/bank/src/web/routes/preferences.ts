import { Router } from 'express'
import { LANGUAGE_NAMES, LANGUAGES } from '../../language/languages.ts'
import { THEMES } from '../../session/bank-session.ts'
import type { Bank } from '../bank.ts'
import { fieldOf } from '../form.ts'
import { sendPage } from '../page.ts'
import { requireLogIn } from '../who.ts'

export function preferenceRoutes(bank: Bank): Router {
  const router = Router()

  router.get('/settings', requireLogIn, (_request, response) => {
    const view = { languages: LANGUAGES, names: LANGUAGE_NAMES, themes: THEMES }
    sendPage(bank, response, { view: 'settings', section: 'settings', data: view })
  })

  // Open to visitors too: their first choice makes an anonymous session, and nothing before it does.
  router.post('/preferences', async (request, response) => {
    const language = LANGUAGES.find((one) => one === fieldOf(request, 'language'))
    const theme = THEMES.find((one) => one === fieldOf(request, 'theme'))
    await request.session.update((draft) => {
      // Only the field that was chosen: a page in another tab may be changing the other one right now.
      if (language !== undefined) draft.language = language
      if (theme !== undefined) draft.theme = theme
    })
    response.redirect(303, request.session.userId === null ? '/login' : '/settings')
  })

  return router
}

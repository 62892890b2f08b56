import { type Request, type Response, Router } from 'express'
import { deviceOf } from 'sojourn/http'
import { LANGUAGE_NAMES, LANGUAGES } from '../../language/languages.ts'
import { THEMES } from '../../session/bank-session.ts'
import type { Bank } from '../bank.ts'
import { checkPassword } from '../check-password.ts'
import { textOf } from '../form.ts'
import { sendPage, textsFor } from '../page.ts'

/** Longer than any name of ours. */
const NAME_LENGTH = 64

export function logInRoutes(bank: Bank): Router {
  const router = Router()

  router.get('/', (request, response) => {
    response.redirect(303, request.session.userId === null ? '/login' : '/accounts')
  })

  router.get('/login', (request, response) => {
    if (request.session.userId !== null) return response.redirect(303, '/accounts')
    sendLogIn(bank, response, { name: '', problem: null })
  })

  router.post('/login', async (request, response) => {
    const name = textOf(request, 'name', NAME_LENGTH)
    const checked = await checkPassword(bank, request, name)
    if ('refused' in checked) return sendLogIn(bank, response, { name, problem: checked.refused })
    // A new session with a new token. The visitor's session ends, and only what is named here moves: what
    // somebody may have planted before the log-in stays behind.
    await request.session.login(checked.customer.id, {
      carry: ['language', 'theme'],
      device: deviceOf(request),
      assurance: 'password',
    })
    response.redirect(303, '/accounts')
  })

  router.post('/logout', async (request, response) => {
    const { language, theme } = request.session.data
    await request.session.logout()
    // Nothing of the person stays. How the next page looks is kept in a new, anonymous session.
    await request.session.update((draft) => Object.assign(draft, { language, theme }))
    response.redirect(303, '/login?ended=logged-out')
  })

  return router
}

interface LogInForm {
  readonly name: string
  readonly problem: 'wrong' | 'too-many' | null
}

const STATUS = { wrong: 401, 'too-many': 429 } as const

function sendLogIn(bank: Bank, response: Response, { name, problem }: LogInForm): void {
  const { logIn } = textsFor(response.req)
  const problems = { wrong: logIn.wrong, 'too-many': logIn.tooMany }
  const view = {
    name,
    problem: problem && problems[problem],
    ended: endedOf(response.req),
    languages: LANGUAGES,
    names: LANGUAGE_NAMES,
    themes: THEMES,
  }
  sendPage(bank, response, { view: 'log-in', data: view, status: problem === null ? 200 : STATUS[problem] })
}

/** Why the person is here again; a word in the address chooses one of our own sentences. */
function endedOf(request: Request): string | null {
  const sentences: Readonly<Record<string, string>> = textsFor(request).logIn.ended
  const { ended: word } = request.query
  return typeof word === 'string' && Object.hasOwn(sentences, word) ? (sentences[word] ?? null) : null
}

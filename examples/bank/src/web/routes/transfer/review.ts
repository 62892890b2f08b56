import { type Request, type Response, Router } from 'express'
import type { Account } from '../../../ledger/books.ts'
import type { Cents } from '../../../ledger/money.ts'
import type { TransferDraft } from '../../../session/bank-session.ts'
import type { Bank } from '../../bank.ts'
import { checkPassword } from '../../check-password.ts'
import { fieldOf } from '../../form.ts'
import { sendPage, textsFor } from '../../page.ts'
import { customerOf } from '../../who.ts'

/** Above this a stolen session alone must not be enough to send money. */
const PASSWORD_ABOVE: Cents = 1_000_00n

/** Page three: check, and send. */
export function reviewRoutes(bank: Bank): Router {
  const router = Router()

  router.get('/transfer/review', (request, response) => {
    const order = orderOf(bank, request)
    if (order === null) return response.redirect(303, '/transfer')
    sendReview(bank, response, { ...order, problem: null })
  })

  router.post('/transfer/review', async (request, response) => {
    const order = orderOf(bank, request)
    // Another tab may have changed the draft since this page was shown. Only what was seen is sent.
    if (order === null || fieldOf(request, 'seen') !== seenOf(order))
      return response.redirect(303, '/transfer')
    const problem = await stepUp(bank, request, order)
    if (problem !== null) return sendReview(bank, response, { ...order, problem })
    const { draft, amountCents } = order
    // `false`: the session was ended while this request was under way, perhaps because its device was stolen.
    const isAlive = await request.session.update((data) => {
      if (data.draft?.id === draft.id) data.draft.confirmedAt = new Date(bank.sessions.clock.now())
    })
    if (!isAlive) return response.redirect(303, '/login?ended=elsewhere')
    const now = bank.sessions.clock.now()
    const outcome = await bank.ledger.transfer(customerOf(request).id, { ...draft, amountCents }, now)
    if (outcome !== 'booked') return sendReview(bank, response, { ...order, problem: 'short' })
    // A crash just before this line leaves the draft. Sent again, it has an id that is booked already.
    await request.session.update((data) => {
      if (data.draft?.id === draft.id) data.draft = null
    })
    response.redirect(303, `/transfer/done/${draft.id}`)
  })

  return router
}

interface Order {
  readonly draft: TransferDraft
  readonly amountCents: Cents
  readonly from: Account
}
type Problem = 'password' | 'tooMany' | 'short'

/** The draft, if all of it is filled in. */
function orderOf(bank: Bank, request: Request): Order | null {
  const { draft } = request.session.data
  if (draft === null || draft.amountCents === null) return null
  const from = bank.ledger.account(customerOf(request).id, draft.fromAccountId)
  return from && { draft: { ...draft, to: { ...draft.to } }, amountCents: draft.amountCents, from }
}

function seenOf({ draft, amountCents, from }: Order): string {
  return `${from.id} ${draft.to.iban} ${amountCents}`
}

/** Asks for the password when the amount is large. A right one gives the session a new token. */
async function stepUp(bank: Bank, request: Request, { amountCents }: Order): Promise<Problem | null> {
  if (amountCents <= PASSWORD_ABOVE) return null
  const customer = customerOf(request)
  const checked = await checkPassword(bank, request, customer.loginName)
  if ('refused' in checked) return checked.refused === 'wrong' ? 'password' : 'tooMany'
  await request.session.reauthenticate({ userId: customer.id, assurance: 'password' })
  return null
}

function sendReview(
  bank: Bank,
  response: Response,
  order: Order & { readonly problem: Problem | null },
): void {
  const { transfer, logIn } = textsFor(response.req)
  const problems = { ...transfer.problems, tooMany: logIn.tooMany }
  const data = {
    ...order,
    seen: seenOf(order),
    passwordAbove: order.amountCents > PASSWORD_ABOVE ? PASSWORD_ABOVE : null,
    problem: order.problem && problems[order.problem],
  }
  const status = order.problem === null ? 200 : 422
  sendPage(bank, response, { view: 'transfer-review', section: 'transfer', data, status })
}

import { type Request, type Response, Router } from 'express'
import { type Cents, parseAmount, typedAmount } from '../../../ledger/money.ts'
import type { TransferDraft } from '../../../session/bank-session.ts'
import type { Bank } from '../../bank.ts'
import { fieldOf, textOf } from '../../form.ts'
import { languageOf, sendPage, textsFor } from '../../page.ts'
import { customerOf } from '../../who.ts'

const AMOUNT_LENGTH = 20
const NOTE_LENGTH = 140

/** Page two: how much, from which account, and what for. */
export function amountRoutes(bank: Bank): Router {
  const router = Router()

  router.get('/transfer/amount', (request, response) => {
    const { draft } = request.session.data
    if (draft === null) return response.redirect(303, '/transfer/to')
    sendForm(bank, response, { draft, ...typedBefore(request, draft), problem: null })
  })

  router.post('/transfer/amount', async (request, response) => {
    const { draft } = request.session.data
    if (draft === null) return response.redirect(303, '/transfer/to')
    const typed = typedNow(request)
    const amountCents = parseAmount(typed.amount)
    const goesBack = fieldOf(request, 'go') === 'back'
    const problem = goesBack ? null : problemOf(bank, request, { ...typed, amountCents })
    if (problem !== null) return sendForm(bank, response, { draft, ...typed, problem })
    await request.session.update((data) => {
      // Another tab may have discarded it meanwhile; then there is nothing to fill in.
      if (data.draft === null) return
      const { note } = typed
      const fromAccountId = isOwn(bank, request, typed.from) ? typed.from : data.draft.fromAccountId
      data.draft = { ...data.draft, fromAccountId, note, amountCents: amountCents ?? data.draft.amountCents }
    })
    response.redirect(303, goesBack ? '/transfer/to' : '/transfer/review')
  })

  return router
}

interface Typed {
  readonly from: string
  readonly amount: string
  readonly note: string
}
type Problem = 'amount' | 'short' | 'ownAccount'
type Filled = Typed & { readonly amountCents: Cents | null }
type Form = Typed & { readonly draft: TransferDraft; readonly problem: Problem | null }

function typedNow(request: Request): Typed {
  return {
    from: fieldOf(request, 'from'),
    amount: textOf(request, 'amount', AMOUNT_LENGTH),
    note: textOf(request, 'note', NOTE_LENGTH),
  }
}

function typedBefore(request: Request, draft: TransferDraft): Typed {
  const separator = languageOf(request) === 'en' ? '.' : ','
  const amount = draft.amountCents === null ? '' : typedAmount(draft.amountCents, separator)
  return { from: draft.fromAccountId, amount, note: draft.note }
}

function problemOf(bank: Bank, request: Request, { from, amountCents }: Filled): Problem | null {
  const account = bank.ledger.account(customerOf(request).id, from)
  if (account?.iban === request.session.data.draft?.to.iban) return 'ownAccount'
  if (amountCents === null) return 'amount'
  return account === null || account.balanceCents < amountCents ? 'short' : null
}

function isOwn(bank: Bank, request: Request, accountId: string): boolean {
  return bank.ledger.account(customerOf(request).id, accountId) !== null
}

function sendForm(bank: Bank, response: Response, form: Form): void {
  const { problems } = textsFor(response.req).transfer
  const data = {
    ...form,
    accounts: bank.ledger.accountsOf(customerOf(response.req).id),
    problem: form.problem && problems[form.problem],
    field: form.problem ?? '',
  }
  const status = form.problem === null ? 200 : 422
  sendPage(bank, response, { view: 'transfer-amount', section: 'transfer', data, status })
}

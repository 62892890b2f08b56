import { randomUUID } from 'node:crypto'
import { type Request, type Response, Router } from 'express'
import type { Messages } from '../../../language/en.ts'
import { groupedIban, parseIban } from '../../../ledger/iban.ts'
import { type Payee, payeesOf } from '../../../ledger/payees.ts'
import type { TransferDraft } from '../../../session/bank-session.ts'
import type { Bank } from '../../bank.ts'
import { fieldOf, textOf } from '../../form.ts'
import { sendPage, textsFor } from '../../page.ts'
import { customerOf } from '../../who.ts'

const NAME_LENGTH = 70
const IBAN_LENGTH = 60
/** The choice of somebody who is not on the list. */
const OTHER = 'other'

/** Page one: to whom. */
export function recipientRoutes(bank: Bank): Router {
  const router = Router()

  router.get('/transfer/to', (request, response) => {
    sendForm(bank, response, { ...typedBefore(bank, request), problem: null })
  })

  router.post('/transfer/to', async (request, response) => {
    const typed = typedNow(request)
    const to = recipientOf(bank, request, typed)
    if ('problem' in to) return sendForm(bank, response, { ...typed, problem: to.problem })
    const first = bank.ledger.accountsOf(customerOf(request).id)[0]
    if (first === undefined) return response.redirect(303, '/accounts')
    const empty = emptyDraft(first.id)
    await request.session.update((data) => {
      // Going back to this page must not lose what the next one holds already.
      data.draft = { ...(data.draft ?? empty), to }
    })
    response.redirect(303, '/transfer/amount')
  })

  return router
}

interface Typed {
  readonly chosen: string
  readonly name: string
  readonly iban: string
}
type Problem = 'payee' | 'name' | 'iban'

function emptyDraft(fromAccountId: string): Omit<TransferDraft, 'to'> {
  return { id: randomUUID(), fromAccountId, amountCents: null, note: '', confirmedAt: null }
}

function typedNow(request: Request): Typed {
  return {
    chosen: fieldOf(request, 'payee'),
    name: textOf(request, 'name', NAME_LENGTH),
    iban: textOf(request, 'iban', IBAN_LENGTH),
  }
}

/** The form as the draft has it, for whoever comes back. */
function typedBefore(bank: Bank, request: Request): Typed {
  const { draft } = request.session.data
  if (draft === null) return { chosen: '', name: '', iban: '' }
  const known = payeesOf(bank.ledger, customerOf(request).id).some(({ iban }) => iban === draft.to.iban)
  return known
    ? { chosen: draft.to.iban, name: '', iban: '' }
    : { chosen: OTHER, name: draft.to.name, iban: groupedIban(draft.to.iban) }
}

function recipientOf(bank: Bank, request: Request, typed: Typed): Payee | { readonly problem: Problem } {
  const known = payeesOf(bank.ledger, customerOf(request).id).find(({ iban }) => iban === typed.chosen)
  if (known !== undefined) return known
  if (typed.chosen !== OTHER) return { problem: 'payee' }
  if (typed.name === '') return { problem: 'name' }
  const iban = parseIban(typed.iban)
  return iban === null ? { problem: 'iban' } : { name: typed.name, iban }
}

function sendForm(bank: Bank, response: Response, form: Typed & { readonly problem: Problem | null }): void {
  const { problems }: Messages['transfer'] = textsFor(response.req).transfer
  const data = {
    ...form,
    payees: payeesOf(bank.ledger, customerOf(response.req).id),
    problem: form.problem && problems[form.problem],
    field: form.problem ?? '',
  }
  const status = form.problem === null ? 200 : 422
  sendPage(bank, response, { view: 'transfer-to', section: 'transfer', data, status })
}

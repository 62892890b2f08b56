import { type Request, Router } from 'express'
import { waitingDraft } from '../../archive/waiting-draft.ts'
import { formatIn } from '../../language/format.ts'
import { RECENT_LIMIT, type Viewed } from '../../session/bank-session.ts'
import type { Bank } from '../bank.ts'
import { noteUnavailable } from '../errors.ts'
import { fieldOf } from '../form.ts'
import { sendPage, textsFor } from '../page.ts'
import type { DraftOffer, RecentItem } from '../views.ts'
import { customerOf } from '../who.ts'

export function accountRoutes(bank: Bank): Router {
  const router = Router()
  const { ledger } = bank

  router.get('/accounts', async (request, response) => {
    const accounts = ledger.accountsOf(customerOf(request).id)
    const data = {
      accounts,
      totalCents: accounts.reduce((sum, { balanceCents }) => sum + balanceCents, 0n),
      recent: recentOf(bank, request),
      draft: request.session.data.draft,
      offer: (await offerFor(bank, request).catch(noteUnavailable)) ?? null,
    }
    sendPage(bank, response, { view: 'accounts', section: 'accounts', data })
  })

  // Opening is remembered, so it is a POST: a GET changes nothing, however often a browser prefetches it.
  router.post('/open', async (request, response) => {
    const viewed = viewedOf(bank, request)
    if (viewed === null) return response.redirect(303, '/accounts')
    await request.session.update((draft) => {
      const others = draft.recentlyViewed.filter(({ id }) => id !== viewed.id)
      draft.recentlyViewed = [viewed, ...others].slice(0, RECENT_LIMIT)
    })
    response.redirect(303, `/${viewed.kind}s/${encodeURIComponent(viewed.id)}`)
  })

  router.get('/accounts/:id', (request, response, next) => {
    const account = ledger.account(customerOf(request).id, request.params.id)
    if (account === null) return next()
    const data = { account, transactions: ledger.transactionsOf(account) }
    sendPage(bank, response, { view: 'account', section: 'accounts', data })
  })

  router.get('/transactions/:id', (request, response, next) => {
    const { id: ownerId } = customerOf(request)
    const transaction = ledger.transaction(ownerId, request.params.id)
    const account = transaction && ledger.account(ownerId, transaction.accountId)
    if (transaction === null || account === null) return next()
    sendPage(bank, response, { view: 'transaction', section: 'accounts', data: { account, transaction } })
  })

  return router
}

/** What the person wants to open, if it is theirs. */
function viewedOf({ ledger }: Bank, request: Request): Viewed | null {
  const { id: ownerId } = customerOf(request)
  const account = ledger.account(ownerId, fieldOf(request, 'account'))
  if (account !== null) return { kind: 'account', id: account.id }
  const transaction = ledger.transaction(ownerId, fieldOf(request, 'transaction'))
  return transaction && { kind: 'transaction', id: transaction.id }
}

/** What an earlier session left unfinished. Whoever has begun something new finishes that first. */
async function offerFor(bank: Bank, request: Request): Promise<DraftOffer | null> {
  if (request.session.data.draft !== null) return null
  const waiting = await waitingDraft(bank, customerOf(request).id)
  if (waiting === null) return null
  const { accounts: t, devices, locale } = textsFor(request)
  const { draft, device, endedAt, sessionId } = waiting
  const ago = formatIn(locale).ago(endedAt, bank.sessions.clock.now())
  return { session: sessionId, text: t.offer(draft.to.name, device ?? devices.unknown, ago) }
}

/** The session holds keys; names and amounts come from the ledger, as they are now. */
function recentOf(bank: Bank, request: Request): RecentItem[] {
  return request.session.data.recentlyViewed.flatMap((viewed) => itemOf(bank, request, viewed) ?? [])
}

export function itemOf({ ledger }: Bank, request: Request, { kind, id }: Viewed): RecentItem | null {
  const { id: ownerId } = customerOf(request)
  if (kind === 'account') {
    const account = ledger.account(ownerId, id)
    const { accounts } = textsFor(request)
    return account && { kind, id, name: accounts.kind[account.kind], amountCents: account.balanceCents }
  }
  const transaction = ledger.transaction(ownerId, id)
  return transaction && { kind, id, name: transaction.counterparty, amountCents: transaction.amountCents }
}

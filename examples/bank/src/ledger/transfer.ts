import type { Account, Books, Transaction } from './books.ts'
import type { Cents } from './money.ts'

/** What a customer has confirmed. */
export interface TransferOrder {
  /** Made when the draft was begun. The same order is booked once, however often it is sent. */
  readonly id: string
  readonly fromAccountId: string
  readonly to: { readonly name: string; readonly iban: string }
  readonly amountCents: Cents
  readonly note: string
}

export type Transferred =
  | { readonly outcome: 'booked'; readonly books: Books }
  | { readonly outcome: 'short' }

/**
 * The books after a transfer. Between two accounts of this bank both change in one step. An order that is in
 * the books already changes nothing: a second click, or a repeat after a crash, does not pay twice.
 */
export function applyTransfer(books: Books, order: TransferOrder, from: Account, now: number): Transferred {
  if (books.transactions.some(({ id }) => id === order.id)) return { outcome: 'booked', books }
  if (from.balanceCents < order.amountCents) return { outcome: 'short' }
  const into = books.accounts.find(({ iban }) => iban === order.to.iban)
  const debit = bookingOf(order, { account: from, party: order.to, amountCents: -order.amountCents, now })
  const sender = { name: from.ownerName, iban: from.iban }
  const credits = into
    ? [
        {
          ...bookingOf(order, { account: into, party: sender, amountCents: order.amountCents, now }),
          id: `${order.id}-in`,
        },
      ]
    : []
  return { outcome: 'booked', books: withBookings(books, [debit, ...credits]) }
}

interface Booking {
  readonly account: Account
  readonly party: TransferOrder['to']
  readonly amountCents: Cents
  readonly now: number
}

function bookingOf(order: TransferOrder, { account, party, amountCents, now }: Booking): Transaction {
  return {
    id: order.id,
    accountId: account.id,
    bookedAt: now,
    counterparty: party.name,
    counterpartyIban: party.iban,
    note: order.note,
    amountCents,
  }
}

function withBookings(books: Books, bookings: readonly Transaction[]): Books {
  const sumFor = (id: string) =>
    bookings
      .filter(({ accountId }) => accountId === id)
      .reduce((sum, { amountCents }) => sum + amountCents, 0n)
  return {
    accounts: books.accounts.map((row) => ({ ...row, balanceCents: row.balanceCents + sumFor(row.id) })),
    transactions: [...bookings, ...books.transactions],
  }
}

import { join } from 'node:path'
import type { Account, Books, Transaction } from './books.ts'
import { readBooks, writeBooks } from './books-file.ts'
import { demoBooks } from './demo-books.ts'
import { applyTransfer, type TransferOrder } from './transfer.ts'

/**
 * The accounts of the bank. It stands for the bank's real database: what must outlive every session is
 * here, and a session only ever holds keys to it. One process, one file: this part is a toy.
 */
export class Ledger {
  readonly #path: string
  #books: Books
  /** Orders wait for each other, so that each sees the balance that the one before it left. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(path: string, books: Books) {
    this.#path = path
    this.#books = books
  }

  accountsOf(ownerId: string): readonly Account[] {
    return this.#books.accounts.filter((account) => account.ownerId === ownerId)
  }

  /** An account of this owner; null for an unknown one and for somebody else's alike. */
  account(ownerId: string, id: string): Account | null {
    return this.accountsOf(ownerId).find((account) => account.id === id) ?? null
  }

  /** What was booked on an account, newest first. */
  transactionsOf(account: Account): readonly Transaction[] {
    return this.#books.transactions.filter(({ accountId }) => accountId === account.id)
  }

  /** A transaction on an account of this owner; null for an unknown one and for somebody else's alike. */
  transaction(ownerId: string, id: string): Transaction | null {
    const found = this.#books.transactions.find((transaction) => transaction.id === id)
    return found !== undefined && this.account(ownerId, found.accountId) !== null ? found : null
  }

  /** Books an order and resolves when that is on the disk. `short`: the account does not hold that much. */
  transfer(ownerId: string, order: TransferOrder, now: number): Promise<'booked' | 'short' | 'unknown'> {
    const result = this.#turn.then(async () => {
      const from = this.account(ownerId, order.fromAccountId)
      if (from === null) return 'unknown'
      const applied = applyTransfer(this.#books, order, from, now)
      if (applied.outcome === 'short') return 'short'
      if (applied.books !== this.#books) await writeBooks(this.#path, applied.books)
      this.#books = applied.books
      return 'booked'
    })
    this.#turn = result.catch(() => undefined)
    return result
  }
}

/** Opens the books in a data directory, and writes those of the demonstration on the first start. */
export async function openLedger(directory: string, now: number): Promise<Ledger> {
  const path = join(directory, 'ledger.json')
  const books = await readBooks(path)
  if (books !== null) return new Ledger(path, books)
  const first = demoBooks(now)
  await writeBooks(path, first)
  return new Ledger(path, first)
}

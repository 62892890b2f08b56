import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryDirectory } from '../bank.test-support.ts'
import { openLedger } from './ledger.ts'
import type { TransferOrder } from './transfer.ts'

const NOW = Date.UTC(2026, 0, 15)
const ADA = 'customer-ada'
const directories: { readonly remove: () => void }[] = []
afterAll(() => {
  for (const { remove } of directories) remove()
})

async function ledger() {
  const directory = temporaryDirectory()
  directories.push(directory)
  return { path: directory.path, ledger: await openLedger(directory.path, NOW) }
}

const order = (id: string, amountCents: bigint, iban = 'XH054201000020024410'): TransferOrder => ({
  id,
  fromAccountId: 'ada-everyday',
  to: { name: 'Somebody', iban },
  amountCents,
  note: 'for you',
})
type Opened = Awaited<ReturnType<typeof ledger>>['ledger']
const sum = (books: Opened) =>
  [ADA, 'customer-ben', 'customer-chloe']
    .flatMap((owner) => books.accountsOf(owner))
    .reduce((total, { balanceCents }) => total + balanceCents, 0n)
const balance = (books: Opened) => books.account(ADA, 'ada-everyday')?.balanceCents ?? 0n

test('balances are what was booked', async () => {
  const { ledger: books } = await ledger()
  expect(balance(books)).toBe(436_657n)
  const booked = books.accountsOf(ADA).map((account) => books.transactionsOf(account).length)
  expect(booked).toEqual([10, 3])
})

test('a transfer inside the bank moves money and makes none', async () => {
  const { ledger: books } = await ledger()
  const before = { all: sum(books), own: balance(books) }
  expect(await books.transfer(ADA, order('one', 1_00n), NOW)).toBe('booked')
  expect({ all: sum(books), own: balance(books) }).toEqual({ all: before.all, own: before.own - 1_00n })
})

test('an order is booked once, however often it comes, and in whatever order', async () => {
  const { ledger: books } = await ledger()
  const before = balance(books)
  const twice = [order('a', 1_00n), order('b', 2_00n), order('a', 1_00n), order('b', 2_00n)]
  expect(await Promise.all(twice.map((one) => books.transfer(ADA, one, NOW)))).toEqual(
    Array(4).fill('booked'),
  )
  expect(balance(books)).toBe(before - 3_00n)
})

test('two orders at once cannot spend the same money', async () => {
  const { ledger: books } = await ledger()
  const all = balance(books)
  const both = ['a', 'b'].map((id) => books.transfer(ADA, order(id, all), NOW))
  expect((await Promise.all(both)).sort()).toEqual(['booked', 'short'])
  expect(balance(books)).toBe(0n)
})

test("nobody pays from somebody else's account", async () => {
  const { ledger: books } = await ledger()
  expect(await books.transfer('customer-ben', order('x', 1n), NOW)).toBe('unknown')
  expect(books.account('customer-ben', 'ada-everyday')).toBeNull()
  expect(books.transaction('customer-ben', 'ada-everyday-1')).toBeNull()
})

test('what is booked is there after a restart', async () => {
  const { path, ledger: books } = await ledger()
  await books.transfer(ADA, order('kept', 5_00n), NOW)
  const again = await openLedger(path, NOW)
  expect(balance(again)).toBe(balance(books))
  expect(again.transaction(ADA, 'kept')).toMatchObject({ amountCents: -5_00n, note: 'for you' })
  expect(again.transaction('customer-ben', 'kept-in')).toMatchObject({ amountCents: 5_00n })
})

test('a crash while writing leaves the books of before', async () => {
  const { path, ledger: books } = await ledger()
  // What such a crash leaves behind: half of the next file, and the whole of the last one.
  writeFileSync(join(path, 'ledger.json.next'), readFileSync(join(path, 'ledger.json')).subarray(0, 100))
  expect(balance(await openLedger(path, NOW))).toBe(balance(books))
})

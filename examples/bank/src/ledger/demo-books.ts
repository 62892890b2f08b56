import type { Account, Books, Transaction } from './books.ts'
import type { Cents } from './money.ts'

const DAY_MS = 86_400_000

type Opening = Omit<Account, 'balanceCents'> & { readonly openingCents: Cents; readonly rows: readonly Row[] }
/** How many days ago, with whom, for what, and how many cents. */
type Row = readonly [daysAgo: number, counterparty: string, note: string, amountCents: Cents]

const EVERYDAY = { kind: 'everyday' } as const
const SAVINGS = { kind: 'savings' } as const
const ADA = { ownerId: 'customer-ada', ownerName: 'Ada Lindqvist' }
const BEN = { ownerId: 'customer-ben', ownerName: 'Ben Okafor' }
const CHLOE = { ownerId: 'customer-chloe', ownerName: 'Chloé Martin' }

const OPENINGS: readonly Opening[] = [
  {
    ...ADA,
    ...EVERYDAY,
    id: 'ada-everyday',
    iban: 'XH974201000010017301',
    openingCents: 2_604_15n,
    rows: [
      [0.1, 'Fjord Coffee', 'Card', -4_80n],
      [0.6, 'Market Hall', 'Card', -38_42n],
      [1.2, 'Harbour Ferries', 'Monthly pass', -62_00n],
      [2.4, 'Northlight Studio', 'Salary', 3_240_00n],
      [3.3, 'Quayside Books', 'Card', -27_90n],
      [5.1, 'Kiln & Clay', 'Pottery class', -85_00n],
      [6.7, 'Market Hall', 'Card', -51_16n],
      [9.2, 'Pier 9 Housing', 'Rent', -1_180_00n],
      [11.5, 'Tidal Energy', 'Electricity', -74_30n],
      [14.0, 'Ben Okafor', 'Concert tickets', 46_00n],
    ],
  },
  {
    ...ADA,
    ...SAVINGS,
    id: 'ada-savings',
    iban: 'XH704201000010017302',
    openingCents: 17_800_00n,
    rows: [
      [2.3, 'Harbour Bank', 'Interest', 31_77n],
      [9.0, 'Ada Lindqvist', 'Boat fund', 400_00n],
      [39.0, 'Ada Lindqvist', 'Boat fund', 400_00n],
    ],
  },
  {
    ...BEN,
    ...EVERYDAY,
    id: 'ben-everyday',
    iban: 'XH054201000020024410',
    openingCents: 1_870_40n,
    rows: [
      [0.3, 'Lock & Sail Chandlery', 'Card', -119_00n],
      [1.8, 'Market Hall', 'Card', -44_05n],
      [4.4, 'Breakwater Clinic', 'Salary', 2_915_00n],
      [8.0, 'Dockside Gym', 'Membership', -39_00n],
      [14.0, 'Ada Lindqvist', 'Concert tickets', -46_00n],
    ],
  },
  {
    ...CHLOE,
    ...EVERYDAY,
    id: 'chloe-everyday',
    iban: 'XH794201000030035127',
    openingCents: 940_00n,
    rows: [
      [0.4, 'Boulangerie du Port', 'Card', -9_60n],
      [2.9, 'Atelier Marin', 'Invoice 2207', 1_450_00n],
      [7.5, 'Tidal Energy', 'Electricity', -58_10n],
    ],
  },
  {
    ...CHLOE,
    ...SAVINGS,
    id: 'chloe-savings',
    iban: 'XH524201000030035128',
    openingCents: 6_200_00n,
    rows: [[2.3, 'Harbour Bank', 'Interest', 11_08n]],
  },
]

/** The books on the first day: the same accounts for everybody who tries the bank, dated back from now. */
export function demoBooks(now: number): Books {
  const transactions = OPENINGS.flatMap((opening) =>
    opening.rows.map((row, at) => booked(opening, row, { at, now })),
  )
  return {
    accounts: OPENINGS.map(accountOf),
    transactions: transactions.sort((a, b) => b.bookedAt - a.bookedAt),
  }
}

function accountOf({ openingCents, rows, ...account }: Opening): Account {
  return { ...account, balanceCents: rows.reduce((sum, [, , , cents]) => sum + cents, openingCents) }
}

function booked({ id }: Opening, row: Row, when: { readonly at: number; readonly now: number }): Transaction {
  const [daysAgo, counterparty, note, amountCents] = row
  return {
    id: `${id}-${when.at + 1}`,
    accountId: id,
    bookedAt: Math.round(when.now - daysAgo * DAY_MS),
    counterparty,
    counterpartyIban: '',
    note,
    amountCents,
  }
}

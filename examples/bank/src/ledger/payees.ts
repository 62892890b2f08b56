import type { Ledger } from './ledger.ts'

/** Somebody to whom money can go. */
export interface Payee {
  readonly name: string
  readonly iban: string
}

/** Whom every customer of the demonstration has paid before. */
const KNOWN: readonly Payee[] = [
  { name: 'Ada Lindqvist', iban: 'XH974201000010017301' },
  { name: 'Ben Okafor', iban: 'XH054201000020024410' },
  { name: 'Chloé Martin', iban: 'XH794201000030035127' },
  { name: 'Pier 9 Housing', iban: 'XH607700000055501984' },
]

/** The people and companies that a customer may choose from: not the customer's own accounts. */
export function payeesOf(ledger: Ledger, ownerId: string): readonly Payee[] {
  const own = ledger.accountsOf(ownerId).map(({ iban }) => iban)
  return KNOWN.filter(({ iban }) => !own.includes(iban))
}

import { z } from 'zod'

const Money = z.union([z.bigint(), z.string().regex(/^-?[0-9]{1,15}$/)]).transform(BigInt)

const AccountRow = z.object({
  id: z.string(),
  ownerId: z.string(),
  ownerName: z.string(),
  kind: z.enum(['everyday', 'savings']),
  iban: z.string(),
  balanceCents: Money,
})

const TransactionRow = z.object({
  id: z.string(),
  accountId: z.string(),
  bookedAt: z.number().int(),
  counterparty: z.string(),
  /** Empty for card payments. */
  counterpartyIban: z.string(),
  note: z.string(),
  /** Below zero for money that left the account. */
  amountCents: Money,
})

/** Everything that the bank has booked, newest transaction first. Never changed in place. */
export const Books = z.object({
  accounts: z.array(AccountRow).readonly(),
  transactions: z.array(TransactionRow).readonly(),
})

export type Books = Readonly<z.infer<typeof Books>>
export type Account = Readonly<z.infer<typeof AccountRow>>
export type Transaction = Readonly<z.infer<typeof TransactionRow>>

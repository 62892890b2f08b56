import type { Request } from 'express'
import { authenticate, type Customer } from '../customers/customers.ts'
import type { Bank } from './bank.ts'
import { fieldOf } from './form.ts'

export type Checked = { readonly customer: Customer } | { readonly refused: 'wrong' | 'too-many' }

/** Checks the password that was posted for a name. Wrong ones are counted, and many of them stop it. */
export async function checkPassword(bank: Bank, request: Request, loginName: string): Promise<Checked> {
  const now = bank.sessions.clock.now()
  const address = request.ip ?? ''
  if (bank.guesses.isReached(loginName, address, now)) return { refused: 'too-many' }
  const customer = await authenticate(loginName, fieldOf(request, 'password'))
  if (customer !== null) return { customer }
  bank.guesses.noteWrong(loginName, address, now)
  return { refused: 'wrong' }
}

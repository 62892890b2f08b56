import { type PasswordHash, verifyPassword } from './password.ts'

/** Somebody who can log in. */
export interface Customer {
  /** The `userId` of the customer's sessions. It never changes, and it is not what people type. */
  readonly id: string
  readonly loginName: string
  readonly name: string
  readonly password: PasswordHash
}

/**
 * The people of the demonstration. Their password is `lighthouse`, as the bank prints when it starts; a real
 * bank has its customers in a database and no password in its source, hashed or not.
 */
const CUSTOMERS: readonly Customer[] = [
  {
    id: 'customer-ada',
    loginName: 'ada',
    name: 'Ada Lindqvist',
    password: { salt: 'cI09ZyYbjALumrAuY9dquA', hash: 'Fd1kjdBq8ysoYlKW3TaRhqnPOEWlyPNADpR8KYGuTjY' },
  },
  {
    id: 'customer-ben',
    loginName: 'ben',
    name: 'Ben Okafor',
    password: { salt: 'xDRSh750JqHRbozl6WnXVQ', hash: '8A0Mb95G1NnydV8xhNW0ScYLhq4brAcyk5SEXZee_xA' },
  },
  {
    id: 'customer-chloe',
    loginName: 'chloe',
    name: 'Chloé Martin',
    password: { salt: 'MPue8bUVDyrr38nPxScJOw', hash: 'L7uOtRHp_ni89Tfghs0urNvcHBBEju3qGmjUNjaXD0s' },
  },
]

/** How to get in, for the line that is printed at the start. */
export const DEMO_LOG_IN = 'Log in as ada, ben or chloe with the password lighthouse.'

export function customerById(id: string | null): Customer | null {
  return CUSTOMERS.find((customer) => customer.id === id) ?? null
}

/** The customer whose name and password these are; null for either mistake, after the same time. */
export async function authenticate(loginName: string, password: string): Promise<Customer | null> {
  const wanted = loginName.trim().toLowerCase()
  const customer = CUSTOMERS.find((candidate) => candidate.loginName === wanted) ?? null
  const isRight = await verifyPassword(password, customer?.password ?? null)
  return isRight ? customer : null
}

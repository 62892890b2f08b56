import type { NextFunction, Request, Response } from 'express'
import { type Customer, customerById } from '../customers/customers.ts'

/** Lets only customers through. Everybody else is sent to the log-in page. */
export function requireLogIn(request: Request, response: Response, next: NextFunction): void {
  if (customerById(request.session.userId) !== null) {
    next()
    return
  }
  // A cookie without a session behind it: the session was ended, here or from another device.
  const hadSession =
    request.session.id === null && /(?:^|; )(?:__Host-)?id=/.test(request.headers.cookie ?? '')
  response.redirect(303, hadSession ? '/login?ended=elsewhere' : '/login')
}

/** The customer of a route below `requireLogIn`. */
export function customerOf(request: Request): Customer {
  const customer = customerById(request.session.userId)
  if (customer === null) throw new Error('The route must stand below requireLogIn.')
  return customer
}

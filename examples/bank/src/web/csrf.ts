import type { NextFunction, Request, Response } from 'express'
import { fieldOf } from './form.ts'

/**
 * Every form of somebody who is logged in carries a token that only pages of this very session can know.
 * Before log-in there is nothing to bind a token to, and the origin check of `sojourn` has already refused
 * forms from other sites.
 * @throws SessionError `ORIGIN_REFUSED`
 */
export function requireCsrf(request: Request, _response: Response, next: NextFunction): void {
  const isChange = request.method !== 'GET' && request.method !== 'HEAD'
  if (isChange && request.session.userId !== null) request.session.requireCsrf(fieldOf(request, 'csrf'))
  next()
}

import type { NextFunction, Request, Response } from 'express'
import { ERRORS, SessionError } from 'sojourn'
import type { Messages } from '../language/en.ts'
import { formatIn } from '../language/format.ts'
import { messagesIn } from '../language/languages.ts'
import { groupedIban } from '../ledger/iban.ts'
import { browserLanguage } from './page.ts'
import { renderView } from './views.ts'

/** For an address that there is not. */
export function answerNotFound(request: Request, response: Response): void {
  sendError(request, response, 404)
}

/**
 * The last stop of every failure. A person gets a sentence, never a stack trace; what is nobody's fault but
 * ours goes to the log.
 */
export function answerErrors(error: unknown, request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) {
    next(error)
    return
  }
  if (error instanceof SessionError && error.code === 'REAUTHENTICATION_REQUIRED') {
    // Something sensitive wants a fresh password. It can be asked for again after that was given.
    response.redirect(303, '/identity')
    return
  }
  const status = statusOf(error)
  if (status >= 500) console.error(status === 503 ? lineOf(error) : error)
  sendError(request, response, status)
}

/** Notes what a page does without: a database that is away keeps nobody from the accounts. */
export function noteUnavailable(error: unknown): void {
  console.error(lineOf(error))
}

/** A store that is away is away for every request: a line for each says enough, and where in our code nothing. */
function lineOf(error: unknown): string {
  return error instanceof SessionError ? `${error.code}: ${error.message}` : String(error)
}

/** Touches no session: this page must work when the store does not. */
function sendError(request: Request, response: Response, status: number): void {
  const language = browserLanguage(request)
  const t = messagesIn(language)
  const context = {
    t,
    language,
    format: formatIn(t.locale),
    iban: groupedIban,
    theme: 'system',
    person: null,
    section: null,
    notice: null,
  }
  response
    .status(status)
    .type('html')
    .send(renderView('error', context, { text: sentenceFor(status, t) }))
}

function sentenceFor(status: number, { errors }: Messages): string {
  if (status === 403) return errors.refused
  if (status === 404) return errors.notFound
  if (status === 429) return errors.tooMany
  return status === 503 ? errors.unavailable : errors.other
}

/** The status that sojourn gives its errors, or that Express gives to a body that it cannot read. */
function statusOf(error: unknown): number {
  if (error instanceof SessionError) return ERRORS[error.code].status
  const status = error instanceof Error && 'status' in error ? error.status : null
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}

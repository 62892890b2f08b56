import type { Request, Response } from 'express'
import { customerById } from '../customers/customers.ts'
import type { Messages } from '../language/en.ts'
import { type Format, formatIn } from '../language/format.ts'
import { type Language, messagesIn, preferredLanguage } from '../language/languages.ts'
import { groupedIban } from '../ledger/iban.ts'
import { type TimeLeft, timeLeft } from '../session/time-left.ts'
import type { Bank } from './bank.ts'
import { renderView, type ViewName, type Views } from './views.ts'

type Section = 'accounts' | 'transfer' | 'devices' | 'past' | 'settings'

/** Who is logged in, and what every form and the countdown of that person need. */
interface Person {
  readonly name: string
  readonly loginName: string
  readonly csrf: string | null
  readonly time: TimeLeft
  /** Whether the menu leads to past sessions. */
  readonly hasPast: boolean
}

/** What every template gets besides its own data. */
export interface PageContext {
  readonly t: Messages
  readonly format: Format
  readonly iban: (iban: string) => string
  readonly language: Language
  readonly theme: string
  /** Null for a visitor who is not logged in; then there is no menu, no countdown and no log-out either. */
  readonly person: Person | null
  readonly section: Section | null
  readonly notice: string | null
}

interface Page<Name extends ViewName> {
  readonly view: Name
  readonly data: Views[Name]
  readonly section?: Section
  /** Default 200; 422 for a form that comes back with a problem. */
  readonly status?: number
}

/** Answers with a page, in the language and theme that the session holds. */
export function sendPage<Name extends ViewName>(bank: Bank, response: Response, page: Page<Name>): void {
  const context = { ...contextOf(bank, response.req), section: page.section ?? null }
  response
    .status(page.status ?? 200)
    .type('html')
    .send(renderView(page.view, context, page.data))
}

/** The texts of a request's language. */
export function textsFor(request: Request): Messages {
  return messagesIn(languageOf(request))
}

export function languageOf(request: Request): Language {
  return request.session.data.language ?? browserLanguage(request)
}

export function browserLanguage(request: Request): Language {
  return preferredLanguage(request.acceptsLanguages())
}

function contextOf(bank: Bank, request: Request): Omit<PageContext, 'section'> {
  const { current, data } = request.session
  const language = languageOf(request)
  const t = messagesIn(language)
  const customer = customerById(current?.userId ?? null)
  return {
    t,
    language,
    format: formatIn(t.locale),
    iban: groupedIban,
    theme: data.theme,
    notice: noticeOf(request, t),
    person:
      current === null || customer === null
        ? null
        : {
            name: customer.name,
            loginName: customer.loginName,
            csrf: request.session.csrfToken(),
            time: timeLeft(bank.sessions, current, 'active'),
            hasPast: bank.archive !== null,
          },
  }
}

/**
 * A word in the address chooses one of our own sentences. To keep the sentence in the session would mean to
 * take it out again when it is shown, and a GET must not change anything.
 */
function noticeOf(request: Request, t: Messages): string | null {
  const notices: Readonly<Record<string, string>> = t.notices
  const { notice: word } = request.query
  return typeof word === 'string' && Object.hasOwn(notices, word) ? (notices[word] ?? null) : null
}

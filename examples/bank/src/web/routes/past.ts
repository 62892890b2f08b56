import { type Request, Router } from 'express'
import { type PastSession, SessionError } from 'sojourn'
import { keptIn } from '../../archive/kept-session.ts'
import { type Format, formatIn } from '../../language/format.ts'
import { LANGUAGE_NAMES } from '../../language/languages.ts'
import type { TransferDraft, Viewed } from '../../session/bank-session.ts'
import type { Bank } from '../bank.ts'
import { noteUnavailable } from '../errors.ts'
import { sendPage, textsFor } from '../page.ts'
import type { PastItem } from '../views.ts'
import { customerOf } from '../who.ts'
import { itemOf } from './accounts.ts'

const PER_PAGE = 10

/** The person's sessions that have ended, from the archive. */
export function pastRoutes(bank: Bank): Router {
  const router = Router()
  if (bank.archive === null) return router

  router.get('/past', async (request, response) => {
    const before = edgeIn(request)
    const query = { userId: customerOf(request).id, limit: PER_PAGE + 1, ...(before && { before }) }
    const found = await bank.sessions.archive.history(query).catch(unreadable)
    const shown = found?.slice(0, PER_PAGE) ?? []
    const data = {
      sessions: shown.map((session) => pastItem(bank, request, session)),
      older: (found?.length ?? 0) > PER_PAGE ? edgeAfter(shown) : null,
      isFirst: before === null,
      problem: found === null ? textsFor(request).past.unavailable : null,
    }
    sendPage(bank, response, { view: 'past', section: 'past', data, status: found === null ? 503 : 200 })
  })

  return router
}

/** A database that is away, or holds what nobody can read, costs this page and no other. */
function unreadable(error: unknown): null {
  if (!(error instanceof SessionError)) throw error
  noteUnavailable(error)
  return null
}

type Edge = Pick<PastSession, 'id' | 'endedAt'>

/** The session after which a page begins. Many may have ended in one millisecond, so its id belongs to it. */
function edgeIn(request: Request): Edge | null {
  const { before } = request.query
  const [, at = '', id = ''] = /^([0-9]{1,15})\.([A-Za-z0-9_-]{16})$/.exec(String(before)) ?? []
  return id === '' ? null : { endedAt: Number(at), id }
}

function edgeAfter(shown: readonly PastSession[]): string | null {
  const last = shown.at(-1)
  return last === undefined ? null : `${last.endedAt}.${last.id}`
}

function pastItem(bank: Bank, request: Request, session: PastSession): PastItem {
  const { past: t, devices, settings, locale } = textsFor(request)
  const format = formatIn(locale)
  const { device, draft, recentlyViewed, language, theme } = keptIn(session)
  const look = language && t.look(LANGUAGE_NAMES[language], settings.themes[theme])
  return {
    label: device ?? devices.unknown,
    reason: t.reasons[session.reason],
    began: t.began(format.moment(session.createdAt)),
    ended: t.ended(format.moment(session.endedAt)),
    left: [draft && transferText(t, format, draft), viewedText(bank, request, recentlyViewed), look].filter(
      (text) => text !== null,
    ),
  }
}

type Texts = ReturnType<typeof textsFor>['past']

function transferText(t: Texts, format: Format, { amountCents, to }: TransferDraft): string {
  return amountCents === null ? t.transfer(to.name) : t.transferOf(format.money(amountCents), to.name)
}

/** By name, as far as the ledger knows them today. */
function viewedText(bank: Bank, request: Request, viewed: readonly Viewed[]): string | null {
  const names = viewed.flatMap((one) => itemOf(bank, request, one)?.name ?? [])
  return names.length === 0 ? null : textsFor(request).past.viewed(names.join(', '))
}

import { type Request, Router } from 'express'
import { formatIn } from '../../language/format.ts'
import type { Bank } from '../bank.ts'
import { fieldOf } from '../form.ts'
import { sendPage, textsFor } from '../page.ts'
import type { DeviceItem } from '../views.ts'

/** Sessions seen this recently are in use: activity is recorded with a delay. */
const NOW_MS = 90_000

export function deviceRoutes(bank: Bank): Router {
  const router = Router()

  router.get('/devices', async (request, response) => {
    const data = {
      devices: await devicesOf(bank, request),
      passwordFirst: !request.session.hasRecentAuth(bank.recentAuth),
    }
    sendPage(bank, response, { view: 'devices', section: 'devices', data })
  })

  // Ending sessions is sensitive: whoever finds a phone unlocked must not lock its owner out everywhere else.
  // So a password that was given a while ago is asked for again (ASVS 7.5.2).
  router.post('/devices/revoke', async (request, response) => {
    request.session.requireRecentAuth(bank.recentAuth)
    await request.session.revoke(fieldOf(request, 'id'))
    response.redirect(303, '/devices?notice=revoked')
  })

  router.post('/devices/revoke-others', async (request, response) => {
    request.session.requireRecentAuth(bank.recentAuth)
    await request.session.revokeOthers()
    response.redirect(303, '/devices?notice=revoked-others')
  })

  return router
}

/** This device first, then the others, the last used before the rest. */
async function devicesOf(bank: Bank, request: Request): Promise<DeviceItem[]> {
  const { devices: t, locale } = textsFor(request)
  const format = formatIn(locale)
  const now = bank.sessions.clock.now()
  const sessions = await request.session.list()
  return sessions
    .sort((a, b) => Number(b.current) - Number(a.current) || b.seenAt - a.seenAt)
    .map(({ id, current, device, createdAt, seenAt }) => ({
      id,
      current,
      label: device?.label ?? t.unknown,
      since: t.since(format.ago(createdAt, now)),
      seen: current || now - seenAt < NOW_MS ? t.now : t.seen(format.ago(seenAt, now)),
    }))
}

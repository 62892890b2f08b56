import type { IncomingMessage } from 'node:http'
import type { Device } from '../core/index.ts'

/** The first that matches is meant: most browsers also name the ones they descend from. */
const BROWSERS = [
  ['Edg', 'Edge'],
  ['OPR/', 'Opera'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Firefox/', 'Firefox'],
  ['FxiOS/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['CriOS/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const
const SYSTEMS = [
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Windows', 'Windows'],
  ['CrOS', 'ChromeOS'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const

/**
 * The device of a request, for `login`: a name that its owner recognises in a list, such as `Firefox on
 * Linux`, and the user agent. It helps people, and proves nothing: a client writes what it likes.
 */
export function deviceOf(request: IncomingMessage): Device {
  const userAgent = request.headers['user-agent']
  if (userAgent === undefined) return { label: 'Unknown device' }
  const browser = nameIn(BROWSERS, userAgent)
  const system = nameIn(SYSTEMS, userAgent)
  const label = browser && system ? `${browser} on ${system}` : (browser ?? system ?? 'Unknown device')
  return { label, userAgent }
}

function nameIn(families: readonly (readonly [string, string])[], userAgent: string): string | null {
  return families.find(([mark]) => userAgent.includes(mark))?.[1] ?? null
}

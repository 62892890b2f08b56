import { describe, expect, test } from 'vitest'
import { isAllowedOrigin, isOrigin, isUnsafe, type OriginRule, opensSocket } from './origin-check.ts'
import { WebIncoming } from './web-request.ts'

const OWN = 'https://bank.example'
const PARTNER = 'https://shop.example:8443'
const FOREIGN = 'https://evil.example'
const LISTED: OriginRule = { trusted: new Set([OWN, PARTNER]), allowNoOrigin: false }
const UNLISTED: OriginRule = { trusted: null, allowNoOrigin: false }

const SITES = [undefined, 'same-origin', 'same-site', 'cross-site', 'none', 'hyperspace', ''] as const
const ORIGINS = [
  undefined,
  OWN,
  PARTNER,
  FOREIGN,
  'null',
  `${OWN}, ${FOREIGN}`,
  `${OWN} ${FOREIGN}`,
  'x',
  '',
] as const
const IN_LIST: readonly (string | undefined)[] = [OWN, PARTNER]

/** The table of SECURITY T31, row by row; the first row that fits decides. */
const TABLE: readonly (readonly [
  (site: string | undefined, origin: string | undefined) => boolean,
  boolean,
])[] = [
  [(site, origin) => site === 'same-origin' && (origin === undefined || IN_LIST.includes(origin)), true],
  [(site, origin) => site === 'none' && (origin === undefined || IN_LIST.includes(origin)), true],
  [(site, origin) => isCross(site) && IN_LIST.includes(origin), true],
  [(site) => isCross(site), false],
  [(_site, origin) => IN_LIST.includes(origin), true],
  [(_site, origin) => origin !== undefined, false],
  [() => true, false],
]
const isCross = (site: string | undefined) => site === 'same-site' || site === 'cross-site'
const verdict = (site: string | undefined, origin: string | undefined) =>
  TABLE.find(([fits]) => fits(site, origin))?.[1]

const ALL = SITES.flatMap((site) => ORIGINS.map((origin) => ({ site, origin })))

/** Checks as they are found elsewhere, each wrong somewhere in the table. */
const TWINS: Readonly<Record<string, typeof isAllowedOrigin>> = {
  'compares prefixes': ({ origin = '' }) => [OWN, PARTNER].some((own) => origin.startsWith(own)),
  'trusts a missing origin': ({ site, origin }, rule) =>
    origin === undefined || isAllowedOrigin({ site, origin }, rule),
  'takes same-site for same-origin': ({ site, origin }, rule) =>
    site === 'same-site' || isAllowedOrigin({ site, origin }, rule),
  'looks at Sec-Fetch-Site only': ({ site }) => site === 'same-origin' || site === 'none',
}

describe('the origin check', () => {
  test.each(ALL)('T31: Sec-Fetch-Site $site with Origin $origin is judged as the table says', (sent) => {
    expect(isAllowedOrigin(sent, LISTED)).toBe(verdict(sent.site, sent.origin))
  })

  test.each(Object.entries(TWINS))('the table catches a check that %s', (_mistake, twin) => {
    expect(ALL.some((sent) => twin(sent, LISTED) !== verdict(sent.site, sent.origin))).toBe(true)
  })

  test('T31: without both headers a request passes only where that is allowed', () => {
    const nothing = { site: undefined, origin: undefined }
    expect(isAllowedOrigin(nothing, LISTED)).toBe(false)
    expect(isAllowedOrigin(nothing, { ...LISTED, allowNoOrigin: true })).toBe(true)
    expect(
      isAllowedOrigin({ site: 'hyperspace', origin: undefined }, { ...LISTED, allowNoOrigin: true }),
    ).toBe(false)
    expect(isAllowedOrigin({ site: undefined, origin: FOREIGN }, { ...LISTED, allowNoOrigin: true })).toBe(
      false,
    )
  })

  test.each([
    [`${OWN}.evil.example`],
    [`${OWN}:443`],
    [`${OWN}/`],
    ['https://BANK.example'],
    ['http://bank.example'],
    ['https://www.bank.example'],
    [`${OWN}@evil.example`],
  ])('T32: %s is another origin than the one in the list', (origin) => {
    expect(isAllowedOrigin({ site: 'cross-site', origin }, LISTED)).toBe(false)
    expect(isAllowedOrigin({ site: undefined, origin }, LISTED)).toBe(false)
    expect(isAllowedOrigin({ site: 'same-origin', origin }, LISTED)).toBe(false)
  })

  test.each([
    [{ site: 'same-origin', origin: undefined }, true],
    [{ site: 'same-origin', origin: OWN }, true],
    [{ site: 'none', origin: undefined }, true],
    [{ site: 'same-origin', origin: 'null' }, false],
    [{ site: 'same-origin', origin: `${OWN}, ${FOREIGN}` }, false],
    [{ site: 'same-site', origin: OWN }, false],
    [{ site: 'cross-site', origin: OWN }, false],
    [{ site: undefined, origin: OWN }, false],
    [{ site: undefined, origin: undefined }, false],
  ])('T31: without a list only the word of the browser counts: %o is %s', (sent, expected) => {
    expect(isAllowedOrigin(sent, UNLISTED)).toBe(expected)
  })

  test.each(['GET', 'HEAD', 'OPTIONS'])('T31: %s is not checked', (method) =>
    expect(isUnsafe(method)).toBe(false),
  )

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY', 'get', undefined])(
    'T31: %s is checked',
    (method) => expect(isUnsafe(method)).toBe(true),
  )

  test.each([
    ['websocket', true],
    ['WebSocket', true],
    ['h2c', false],
    [null, false],
  ])('T29: a request to upgrade to %s opens a WebSocket: %s', (upgrade, expected) => {
    const headers = { get: (name: string) => (name === 'upgrade' ? upgrade : null) }
    expect(opensSocket(new WebIncoming({ method: 'GET', url: OWN, headers }))).toBe(expected)
  })

  test.each(['https://bank.example', 'http://localhost:3000', 'http://[::1]:3000'])(
    '%s is an origin',
    (text) => expect(isOrigin(text)).toBe(true),
  )

  test.each([
    'https://bank.example/',
    'https://Bank.example',
    'bank.example',
    'null',
    'file://',
    'https://a b',
    '',
  ])('%j is no origin', (text) => expect(isOrigin(text)).toBe(false))
})

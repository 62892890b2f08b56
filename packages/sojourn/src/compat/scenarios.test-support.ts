import type { Browser } from '../http/client.test-support.ts'
import { dataOf, type Site } from './site.test-support.ts'

/** Something that happens to the sessions of every site, and what is wrong afterwards. */
export interface Scenario {
  readonly name: string
  readonly wrongWith: (site: Site) => Promise<string[]>
}

/** Lets a request read and change its session, then something else happen, then the request end. */
async function around(site: Site, browser: Browser, query: string, meanwhile: () => Promise<unknown>) {
  const held = site.hold(query)
  const slow = browser.post(`/data?${query}&hold=${encodeURIComponent(query)}`)
  await held.reached
  await meanwhile()
  held.release()
  return slow
}

async function shown(browser: Browser): Promise<Record<string, unknown>> {
  const { cart: _cart, cookie: _cookie, ...data } = dataOf((await browser.get('/data')).body)
  return data
}

async function visitor(site: Site, query = 'set=cart:tea'): Promise<Browser> {
  const browser = site.browser()
  await browser.post(`/data?${query}`)
  return browser
}

function differs(found: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  const [left, right] = [found, wanted].map((data) => JSON.stringify(Object.entries(data).sort()))
  return left === right ? [] : [`${left} instead of ${right}`]
}

/** What users of session stores complain about (CONTRACTS, part 2, rows 1, 3, 4 and 10). */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'two requests at the same time that change different fields',
    async wrongWith(site) {
      const browser = await visitor(site)
      await around(site, browser, 'set=x:1', () => browser.post('/data?set=y:1'))
      return differs(await shown(browser), { x: '1', y: '1' })
    },
  },
  {
    name: 'ten requests at the same time that change a field each',
    async wrongWith(site) {
      const browser = await visitor(site)
      const fields = Array.from({ length: 10 }, (_, index) => `f${index}`)
      const held = fields.map((field) => site.hold(field))
      const answers = fields.map((field) => browser.post(`/data?set=${field}:1&hold=${field}`))
      await Promise.all(held.map(({ reached }) => reached))
      for (const { release } of held) release()
      await Promise.all(answers)
      return differs(await shown(browser), Object.fromEntries(fields.map((field) => [field, '1'])))
    },
  },
  {
    name: 'a log-out while a request that changes the session is under way',
    async wrongWith(site) {
      const browser = await visitor(site, 'set=user:ada')
      const { cookie } = browser
      await around(site, browser, 'set=x:1', () => browser.post('/logout'))
      const left = dataOf((await site.browser().get('/data', { Cookie: cookie })).body)
      return 'user' in left ? ['the session is back, and ada logged in'] : []
    },
  },
  {
    name: 'a field that one request removes while another one changes the session',
    async wrongWith(site) {
      const browser = await visitor(site, 'set=coupon:half')
      await around(site, browser, 'set=y:1', () => browser.post('/data?delete=coupon'))
      return differs(await shown(browser), { y: '1' })
    },
  },
]

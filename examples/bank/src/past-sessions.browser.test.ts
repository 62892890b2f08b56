import { statSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BankProcess, startArchivingBank, temporaryDirectory } from './bank.test-support.ts'
import { BEN, IPHONE } from './bank-scenarios.test-support.ts'
import { type Device, launchBrowser, openDevice } from './browser.test-support.ts'
import { expectFitsPhone } from './phone.test-support.ts'
import { Visitor } from './visitor.test-support.ts'

/** An end is archived within ten seconds. */
const ARCHIVED_MS = 20_000
const PIER_9 = 'XH607700000055501984'
const { path: data, remove } = temporaryDirectory()
const args = ['--data', data]
let bank: BankProcess
let browser: Browser

// One bank for all of them, which play one after the other: making its database takes longer than they do.
beforeAll(async () => {
  const started = [startArchivingBank(args), launchBrowser()] as const
  bank = await started[0]
  browser = await started[1]
})
afterAll(async () => {
  await browser?.close()
  await bank?.stop('SIGTERM')
  remove()
})

async function customer(name: string): Promise<Visitor> {
  const visitor = new Visitor(bank.url)
  await visitor.logIn(name)
  return visitor
}

/** Writes a transfer to the harbour, and no amount, unless told. */
async function draft(visitor: Visitor, from: string, amount?: string): Promise<void> {
  await visitor.submit('/transfer/to', { payee: PIER_9 })
  if (amount !== undefined) await visitor.submit('/transfer/amount', { from, amount, note: '', go: 'next' })
}

const offered = (page: string) => /name="session" value="([^"]+)"/.exec(page)?.[1] ?? null
const reasons = (page: string) => [...page.matchAll(/class="pill">([^<]*)</g)].map(([, reason]) => reason)

/** The page of past sessions, when so many are on it. */
async function pastOf(visitor: Visitor, count: number): Promise<string> {
  const found = async () => reasons(await visitor.text('/past')).length
  await expect.poll(found, { timeout: ARCHIVED_MS, interval: 200 }).toBe(count)
  return visitor.text('/past')
}

async function look(device: Device, text: string): Promise<void> {
  const find = async () => {
    await device.goto('/accounts')
    return device.page.getByText(text).count()
  }
  await expect.poll(find, { timeout: ARCHIVED_MS, interval: 200 }).toBe(1)
}

test('nobody has past sessions at first, and the data directory is for its owner alone', async () => {
  const ben = await customer('ben')
  expect(await ben.text('/past')).toContain('No session of yours has ended yet.')
  expect((statSync(join(data, 'archive')).mode & 0o777).toString(8)).toBe('700')
})

test('a draft that a session ended with is offered at the next log-in, and can be continued without script', async () => {
  const chloes = await customer('chloe')
  await draft(chloes, 'chloe-everyday')
  const phone = await openDevice(browser, bank.url, { userAgent: IPHONE })
  await phone.logIn('ada')
  await phone.page.click('[value=ada-savings]')
  await phone.draft(BEN, '12.34', 'Sails')
  await phone.page.click('.log-out')
  await phone.isAt('/login?ended=logged-out')
  const chloe = await customer('chloe')
  await chloe.submit(
    '/devices/revoke',
    { id: chloes.cookie.slice('id='.length, 'id='.length + 16) },
    '/devices',
  )

  const laptop = await openDevice(browser, bank.url, { javaScriptEnabled: false })
  await laptop.logIn('ada')
  await look(laptop, 'To Ben Okafor, begun on Safari on iPhone')
  await expectFitsPhone(laptop)
  await laptop.goto('/past')
  expect(await laptop.page.locator('.past').allInnerTexts()).toEqual([
    expect.stringMatching(
      /^Safari on iPhone\s+You logged out\s+Logged in .*\s+Ended .*\s+Left in it\s+Unfinished transfer of €12\.34 to Ben Okafor\s+Viewed: Savings account$/,
    ),
  ])
  await laptop.goto('/accounts')
  await laptop.page.getByRole('button', { name: 'Continue it' }).click()
  await laptop.isAt('/transfer/review')
  await laptop.has('Sails')
  await laptop.page.getByRole('button', { name: 'Discard transfer' }).click()
  await laptop.isAt('/accounts?notice=discarded')
  expect(await laptop.page.locator('.offer').count()).toBe(0)
  await laptop.page.getByRole('button', { name: 'Log out' }).click()
  expect([...phone.problems, ...laptop.problems]).toEqual([])
})

test('it is offered to nobody else, once, and again when the session that took it ends with it', async () => {
  const [chloe, other, ben] = await Promise.all([customer('chloe'), customer('chloe'), customer('ben')])
  const page = await pastOf(chloe, 1)
  expect(reasons(page)).toEqual(['Logged out from another device'])
  expect(page).toContain('Unfinished transfer to Pier 9 Housing')
  expect(page).not.toContain('Okafor')
  const session = offered(await chloe.text('/accounts')) ?? ''
  expect(offered(await ben.text('/accounts'))).toBeNull()
  for (const path of ['/transfer/resume', '/transfer/forget']) await ben.submit(path, { session })
  await chloe.submit('/transfer/resume', { session: 'AAAAAAAAAAAAAAAA' })
  const taken = await Promise.all([chloe, other].map((one) => one.submit('/transfer/resume', { session })))
  const ways = taken.map(({ headers }) => headers.get('location'))
  expect(new Set(ways)).toEqual(new Set(['/accounts', '/transfer']))
  expect([offered(await chloe.text('/accounts')), offered(await other.text('/accounts'))]).toEqual([
    null,
    null,
  ])
  const taker = ways[0] === '/transfer' ? chloe : other
  expect(await taker.text('/accounts')).toContain('To Pier 9 Housing, continue here')
  await taker.submit('/logout', {})
  const last = taker === chloe ? other : chloe
  await pastOf(last, 2)
  const again = offered(await last.text('/accounts'))
  expect([again === null, again === session]).toEqual([false, false])
  await last.submit('/transfer/forget', { session: again ?? '' })
  expect(offered(await last.text('/accounts'))).toBeNull()
})

test('a draft that came back and was discarded does not come back at the log-in after', async () => {
  const ada = await customer('ada')
  expect(reasons(await pastOf(ada, 2))).toEqual(['You logged out', 'You logged out'])
  expect(offered(await ada.text('/accounts'))).toBeNull()
})

test('past sessions fit a phone in every language', async () => {
  const first = await openDevice(browser, bank.url)
  await first.logIn('ada')
  const storageState = await first.context.storageState()
  for (const locale of ['en-GB', 'de-DE', 'fr-FR']) {
    const device = await openDevice(browser, bank.url, { locale, storageState })
    await device.goto('/past')
    expect(await device.page.locator(`html[lang=${locale.slice(0, 2)}] .past`).count()).toBe(2)
    await expectFitsPhone(device)
    expect(await device.page.locator('.menu [aria-current=page]').getAttribute('href')).toBe('/past')
  }
})

test('they outlive the bank; rows that it does not understand are shown as far as they go, ten at a time', async () => {
  await bank.stop('SIGKILL')
  const database = await PGlite.create(join(data, 'archive'))
  // All in one millisecond, as when a person logs out everywhere else.
  await database.query(`INSERT INTO sojourn.ended_sessions
    (session_id, user_id, created_at, seen_at, ended_at, reason, data)
    SELECT 'nonsense' || to_char(n, 'FM00000000'), 'customer-ada', now(), now(), date_trunc('milliseconds', now()), 'absolute',
      ('[7, "text", {"draft": {"to": 1}, "device": {}}, {"language": "xx"}]'::jsonb -> (n % 4))
    FROM generate_series(1, 20) n`)
  await database.close()
  bank = await startArchivingBank([...args, '--port', bank.port])
  const ada = await customer('ada')
  expect(offered(await ada.text('/accounts'))).toBeNull()
  const pages: string[] = []
  for (let path: string | undefined = '/past'; path !== undefined; ) {
    pages.push(await ada.text(path))
    path = /\/past\?before=[^"]*/.exec(pages.at(-1) ?? '')?.[0]
  }
  const shown = pages.map(reasons)
  expect(shown.map(({ length }) => length)).toEqual([10, 10, shown.flat().length - 20])
  expect(shown.flat().filter((reason) => reason === 'Longest time reached')).toHaveLength(20)
  expect((await ada.get('/past?before=1.x')).status).toBe(200)
  expect(await bank.stop('SIGTERM')).toEqual({ code: 0, stderr: '' })
})

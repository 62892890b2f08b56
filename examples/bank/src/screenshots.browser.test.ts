import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type BankProcess,
  startArchivingBank,
  startBankProcess,
  temporaryDirectory,
} from './bank.test-support.ts'
import { type Device, launchBrowser, openDevice } from './browser.test-support.ts'

const LARGEST_BYTES = 120_000
const DEVICES = {
  iPhone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  windows: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
  mac: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
} as const

const { path: data, remove } = temporaryDirectory()
// `SOJOURN_SCREENSHOTS=1 npm test -- screenshots` renews the pictures of the README.
const { SOJOURN_SCREENSHOTS } = process.env
const isForReadme = SOJOURN_SCREENSHOTS === '1'
const folder = isForReadme
  ? fileURLToPath(new URL('../../../docs/images', import.meta.url))
  : join(data, 'images')
let browser: Browser
let bank: BankProcess

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  browser = await launchBrowser()
  bank = await (isForReadme ? startArchivingBank : startBankProcess)(['--data', data])
})
afterAll(async () => {
  await browser?.close()
  await bank?.stop('SIGTERM')
  remove()
})

const open = (userAgent: string) => openDevice(browser, bank.url, { userAgent, deviceScaleFactor: 1.5 })

async function picture({ page }: Device, name: string): Promise<void> {
  const path = join(folder, `bank-${name}.png`)
  // Nobody's finger rests on the screen in a picture.
  await page.mouse.move(0, 0)
  await page.evaluate('document.activeElement?.blur()')
  await page.screenshot({ path, animations: 'disabled' })
  expect([name, statSync(path).size < LARGEST_BYTES]).toEqual([name, true])
}

test('the pictures of the README can be taken, and are small', async () => {
  for (const userAgent of [DEVICES.windows, DEVICES.mac]) await (await open(userAgent)).logIn('ada')
  const phone = await open(DEVICES.iPhone)
  await phone.goto('/login')
  await picture(phone, 'log-in')
  await phone.logIn('ada')
  for (const transaction of ['ada-everyday-5', 'ada-everyday-4']) {
    await phone.goto('/accounts/ada-everyday')
    await phone.page.click(`[value=${transaction}]`)
  }
  for (const account of ['ada-everyday', 'ada-savings']) {
    await phone.goto('/accounts')
    await phone.page.click(`[value=${account}]`)
  }
  await phone.goto('/accounts')
  await picture(phone, 'accounts')
  await phone.goto('/devices')
  await picture(phone, 'devices')
  await phone.draft('XH054201000020024410', '1250', 'New sails, half each')
  await phone.page.getByLabel('Your password').waitFor()
  await picture(phone, 'transfer-review')
  await phone.goto('/settings')
  await phone.page.getByRole('button', { name: 'Dark' }).click()
  await phone.page.getByRole('button', { name: 'Dark', pressed: true }).waitFor()
  await phone.goto('/accounts')
  await picture(phone, 'dark')
  expect(phone.problems).toEqual([])
})

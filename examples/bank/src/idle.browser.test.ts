import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BankProcess, startBankProcess, temporaryDirectory } from './bank.test-support.ts'
import { launchBrowser, openDevice } from './browser.test-support.ts'

const IDLE_MS = 6_000
const { path: data, remove } = temporaryDirectory()
let browser: Browser
let bank: BankProcess

beforeAll(async () => {
  browser = await launchBrowser()
  bank = await startBankProcess(['--data', data, '--idle', '6s', '--recent', '2s'])
})
afterAll(async () => {
  await browser?.close()
  await bank?.stop('SIGTERM')
  remove()
})

test('T47: who does nothing sees the time run out, may stay, and is logged out at the end', async () => {
  const device = await openDevice(browser, bank.url)
  const { page } = device
  await device.logIn('ada')
  await device.isAt('/accounts')
  expect(await page.locator('#timer').innerText()).toMatch(/0:0[56]/)
  const question = page.getByRole('heading', { name: 'Still there?' })
  await question.waitFor()
  await page.getByRole('button', { name: 'Stay logged in' }).click()
  await question.waitFor({ state: 'hidden' })
  const stayedAt = performance.now()
  await question.waitFor()
  // All this time the page has asked the bank how much is left. That must not have counted as activity.
  await device.isAt('/login?ended=idle')
  await device.has('You were logged out because you were away for a while.')
  const left = performance.now() - stayedAt
  expect(left).toBeGreaterThan(IDLE_MS * 0.8)
  expect(left).toBeLessThan(IDLE_MS + 3_000)
  await device.goto('/accounts')
  await page.waitForURL(/\/login/)
  expect(device.problems).toEqual([])
})

test('a page that lies open somewhere else leaves by itself when its session is ended', async () => {
  const laptop = await openDevice(browser, bank.url)
  const phone = await openDevice(browser, bank.url)
  await phone.logIn('ben')
  await laptop.logIn('ben')
  await laptop.goto('/devices')
  await laptop.page.getByRole('button', { name: 'Log out everywhere else' }).click()
  await phone.isAt('/login?ended=elsewhere')
  expect([...phone.problems, ...laptop.problems]).toEqual([])
})

test('T55: ending a session asks for the password when it was given a while ago', async () => {
  const laptop = await openDevice(browser, bank.url)
  const phone = await openDevice(browser, bank.url)
  const { page } = laptop
  await phone.logIn('chloe')
  await laptop.logIn('chloe')
  await laptop.goto('/devices')
  await expect
    .poll(
      async () => {
        await page.reload()
        await phone.page.reload()
        return page.locator('#password-first').count()
      },
      { timeout: 10_000 },
    )
    .toBe(1)
  await page.getByRole('button', { name: /^Log out Chrome/ }).click()
  await laptop.isAt('/identity')
  await page.fill('[name=password]', 'wrong')
  await page.getByRole('button', { name: 'Continue' }).click()
  await laptop.has('The password is not right.')
  await phone.goto('/accounts')
  await phone.isAt('/accounts')
  await page.fill('[name=password]', 'lighthouse')
  await page.getByRole('button', { name: 'Continue' }).click()
  await laptop.isAt('/devices?notice=confirmed')
  await page.getByRole('button', { name: /^Log out Chrome/ }).click()
  await laptop.has('The device is logged out.')
  await phone.goto('/accounts')
  await phone.isAt('/login?ended=elsewhere')
})

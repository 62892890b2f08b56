import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { temporaryDirectory } from './bank.test-support.ts'
import { BEN, customerScenarios, sessionScenarios } from './bank-scenarios.test-support.ts'
import { Branch } from './branch.test-support.ts'
import { expectFitsPhone } from './phone.test-support.ts'

const { path: data, remove } = temporaryDirectory()
let branch: Branch

beforeAll(async () => {
  branch = await Branch.open(['--data', data])
})
afterAll(async () => {
  await branch?.close()
  remove()
})
afterEach(async () => {
  expect(await branch.leave()).toEqual([])
})

describe('a session', () => sessionScenarios(() => branch))

describe('a customer', () => customerScenarios(() => branch))

describe('every page', () => {
  const paths = [
    '/accounts',
    '/accounts/ada-everyday',
    '/transactions/ada-everyday-2',
    '/transfer/to',
    '/transfer/amount',
    '/transfer/review',
    '/devices',
    '/settings',
    '/identity',
    '/nowhere',
  ]

  test.each(['en-GB', 'de-DE', 'fr-FR'])(
    'fits a phone in %s, with targets for a thumb and a way to log out',
    async (locale) => {
      const device = await branch.customer('ada', { locale })
      await device.draft(BEN, '1500', 'x'.repeat(60))
      for (const path of paths) {
        await device.goto(path)
        await expectFitsPhone(device)
        if (path !== '/nowhere') expect(await device.page.locator('.log-out').isVisible()).toBe(true)
      }
    },
  )

  test('is watched: a script that the policy forbids does not go unseen', async () => {
    const device = await branch.open()
    await device.goto('/login')
    await device.page.evaluate(
      `document.head.append(Object.assign(document.createElement('style'), { textContent: 'a { color: red }' }))`,
    )
    await expect.poll(() => device.problems).toEqual([expect.stringContaining('Content Security Policy')])
    device.forgive(/Content Security Policy/)
  })
})

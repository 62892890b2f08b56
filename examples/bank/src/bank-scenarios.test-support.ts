import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Branch } from './branch.test-support.ts'
import type { Device } from './browser.test-support.ts'

export const BEN = 'XH054201000020024410'
export const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'

/** What a bank must never get wrong: who is logged in, and that it stays so. */
export function sessionScenarios(branch: () => Branch): void {
  const customer = (name: string, options?: BrowserContextOptions) => branch().customer(name, options)

  test('T51: is over after log-out, and Back shows nothing', async () => {
    const device = await customer('ada')
    await device.page.click('[name=account]')
    await device.has('XH97 4201 0000 1001 7301')
    await device.page.getByRole('button', { name: 'Log out' }).click()
    await device.isAt('/login?ended=logged-out')
    await device.page.goBack()
    await device.page.waitForURL(/\/login/)
    expect(await device.page.content()).not.toContain('XH97')
  })

  test('survives kill -9 of the bank in the middle of a transfer, draft and all', async () => {
    const ada = await customer('ada')
    await ada.draft(BEN, '12.34', 'Before the storm')
    await ada.page.getByRole('button', { name: 'Send €12.34' }).waitFor()
    await ada.page.waitForLoadState()
    await branch().crash()
    await ada.page.reload()
    await ada.has('Before the storm')
    await ada.page.getByRole('button', { name: 'Send €12.34' }).click()
    await ada.has('€12.34 went to Ben Okafor.')
    // The countdown may have asked just when nobody was there to answer.
    ada.forgive(/net::ERR_(CONNECTION|EMPTY)/)
  })

  test('T52: are all logged out but the one that asks', async () => {
    const first = await customer('ben')
    const others = [await customer('ben'), await customer('ben', { userAgent: IPHONE })]
    await first.goto('/devices')
    await first.page.getByRole('button', { name: 'Log out everywhere else' }).click()
    await first.has('You are logged in on this device only.')
    for (const other of others) {
      await other.goto('/accounts')
      await other.isAt('/login?ended=elsewhere')
    }
  })
}

/** All else that a customer does. */
export function customerScenarios(branch: () => Branch): void {
  const open = (options?: BrowserContextOptions) => branch().open(options)
  const customer = (name: string, options?: BrowserContextOptions) => branch().customer(name, options)

  test('is told when name or password is wrong, and not which', async () => {
    const device = await open()
    for (const name of ['ada', 'nobody']) {
      await device.logIn(name, 'wrong')
      expect((await device.page.getByRole('alert').innerText()).trim()).toBe(
        'User name or password is not right.',
      )
    }
    expect(await device.page.inputValue('[name=name]')).toBe('nobody')
  })

  test('looks around, and finds what was viewed last', async () => {
    const { page } = await customer('ada')
    await page.click('[name=account]')
    await page.getByRole('heading', { name: 'Everyday account' }).waitFor()
    await page.click('.row:has-text("Northlight Studio")')
    await page.getByText('+€3,240.00').waitFor()
    await page.click('.menu a[href="/accounts"]')
    expect(await page.locator('.tile .row-title').allInnerTexts()).toEqual([
      'Northlight Studio',
      'Everyday account',
    ])
  })

  test('sends money on three pages, may go back on the way, and both balances change', async () => {
    const ada = await customer('ada')
    const { page } = ada
    const ben = await customer('ben')
    const balance = async (device: Device) => {
      await device.goto('/accounts')
      return device.page.locator('.amount').first().innerText()
    }
    const before = [await balance(ada), await balance(ben)]
    await ada.draft(BEN, '40.50', 'Ferry')
    await page.click('main a.quiet')
    expect(await page.inputValue('[name=amount]')).toBe('40.50')
    await page.fill('[name=amount]', '41')
    await page.click('[value=back]')
    expect(await page.isChecked(`[value="${BEN}"]`)).toBe(true)
    await page.click('main .button')
    expect(await page.inputValue('[name=amount]')).toBe('41.00')
    expect(await page.inputValue('[name=note]')).toBe('Ferry')
    await page.click('[value=next]')
    await page.getByRole('button', { name: 'Send €41.00' }).click()
    await ada.has('€41.00 went to Ben Okafor.')
    const cents = (text: string) => Number(text.replace(/\D/g, ''))
    const after = [await balance(ada), await balance(ben)]
    expect(after.map((text, at) => cents(text) - cents(before[at] ?? ''))).toEqual([-4100, 4100])
  })

  test('gives the password again for a large amount', async () => {
    const ada = await customer('ada')
    await ada.draft(BEN, '1000.01', '')
    await ada.page.fill('[name=password]', 'wrong')
    await ada.page.getByRole('button', { name: 'Send €1,000.01' }).click()
    await ada.has('The password is not right.')
    await ada.page.fill('[name=password]', 'lighthouse')
    await ada.page.getByRole('button', { name: 'Send €1,000.01' }).click()
    await ada.has('€1,000.01 went to Ben Okafor.')
  })

  test('keeps the language and the theme that were chosen before log-in', async () => {
    const device = await open()
    const { page } = device
    const look = () =>
      page.locator('html').evaluate((html) => [html.getAttribute('lang'), html.getAttribute('data-theme')])
    await device.goto('/login')
    await page.getByRole('button', { name: 'Deutsch' }).click()
    await page.getByRole('button', { name: 'Dunkel' }).click()
    await page.getByRole('button', { name: 'Dunkel', pressed: true }).waitFor()
    await device.logIn('chloe')
    await device.has('Hallo, Chloé')
    expect(await look()).toEqual(['de', 'dark'])
    await page.getByRole('button', { name: 'Abmelden' }).click()
    await device.has('Sie sind abgemeldet.')
    expect(await look()).toEqual(['de', 'dark'])
  })

  test('can do everything without script', async () => {
    const device = await customer('chloe', { javaScriptEnabled: false })
    await device.page.click('[name=account]')
    await device.draft(BEN, '5', '')
    await device.page.getByRole('button', { name: 'Send €5.00' }).click()
    await device.has('€5.00 went to Ben Okafor.')
    await device.page.getByRole('button', { name: 'Log out' }).click()
    await device.isAt('/login?ended=logged-out')
  })

  test('T15: is held by a cookie that no script can read', async () => {
    const device = await customer('ada')
    const cookies = await device.context.cookies()
    expect(cookies).toMatchObject([
      { name: 'id', httpOnly: true, sameSite: 'Strict', path: '/', expires: -1 },
    ])
    expect(await device.page.evaluate('document.cookie')).toBe('')
  })

  test('loses nothing when two tabs change different fields at once', async () => {
    const device = await customer('ada')
    const tabs = [await device.tab('/settings'), await device.tab('/accounts')] as const
    const csrf = await device.page.locator('[name=csrf]').first().inputValue()
    const first = (account: string) =>
      `class="tiles">\\s*<li><button class="tile" name="account" value="${account}"`
    const lost = await Promise.all([
      // Each tab changes its own field, again and again, and looks whether its last change is still there.
      alternate(tabs[0], '/settings', [
        { action: '/preferences', form: { csrf, theme: 'dark' }, sign: 'data-theme="dark"' },
        { action: '/preferences', form: { csrf, theme: 'light' }, sign: 'data-theme="light"' },
      ]),
      alternate(tabs[1], '/accounts', [
        { action: '/open', form: { csrf, account: 'ada-everyday' }, sign: first('ada-everyday') },
        { action: '/open', form: { csrf, account: 'ada-savings' }, sign: first('ada-savings') },
      ]),
    ])
    expect(lost).toEqual([0, 0])
  })

  test('T54: are listed; one logs another out, whose next click leads to the log-in page', async () => {
    const laptop = await customer('chloe')
    const phone = await customer('chloe', { userAgent: IPHONE })
    await laptop.goto('/devices')
    const rows = laptop.page.locator('.device')
    expect(await rows.first().innerText()).toMatch(/Chrome on .*\s+This device/)
    await laptop.page.getByRole('button', { name: 'Log out Safari on iPhone' }).first().click()
    await laptop.has('The device is logged out.')
    await phone.page.click('[name=account]')
    await phone.isAt('/login?ended=elsewhere')
    await phone.has('Your session has ended.')
  })
}

interface Change {
  readonly action: string
  readonly form: Readonly<Record<string, string>>
  /** A pattern of the page that shows the change. */
  readonly sign: string
}

/** Posts the forms in turn from inside a tab, and counts how often the page after it misses the change. */
function alternate(tab: Page, look: string, changes: readonly Change[]): Promise<number> {
  return tab.evaluate(
    async ([page, turns]) => {
      let lost = 0
      for (const { action, form, sign } of Array.from({ length: 15 }, () => turns).flat()) {
        await fetch(action, { method: 'POST', body: new URLSearchParams(form) })
        const text = await (await fetch(page)).text()
        if (!new RegExp(sign).test(text)) lost += 1
      }
      return lost
    },
    [look, changes] as const,
  )
}

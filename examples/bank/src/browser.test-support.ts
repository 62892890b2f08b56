import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { CHROMIUM_ARGS, chromiumProgram } from 'sojourn-servers'

/** The screen of a phone of today, in CSS pixels. */
const PHONE = { width: 390, height: 844 }
/** Steps of the tests are short; whatever takes longer has gone wrong. */
const STEP_LIMIT_MS = 10_000

/** Answers that tests ask for on purpose. Chromium reports each as an error of the page. */
const EXPECTED = /^Failed to load resource: the server responded with a status of (401|403|404|422) /

/** Starts the Chromium of the system, with a profile of its own that is thrown away afterwards. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumProgram(), args: CHROMIUM_ARGS })
}

/** One browser of one person, with what went wrong on its pages: script errors, CSP violations, failed requests. */
export class Device {
  readonly context: BrowserContext
  readonly page: Page
  #problems: string[] = []
  readonly #url: string

  constructor(context: BrowserContext, page: Page, url: string) {
    this.context = context
    this.page = page
    this.#url = url
    this.#watch(page)
  }

  get problems(): readonly string[] {
    return this.#problems
  }

  /** Drops the problems that a test has brought about by itself. */
  forgive(own: RegExp): void {
    this.#problems = this.#problems.filter((problem) => !own.test(problem))
  }

  async goto(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.#url).href)
  }

  /** Another tab of the same browser. */
  async tab(path: string): Promise<Page> {
    const page = await this.context.newPage()
    this.#watch(page)
    await page.goto(new URL(path, this.#url).href)
    return page
  }

  async logIn(name: string, password = 'lighthouse'): Promise<void> {
    await this.goto('/login')
    await this.page.fill('[name=name]', name)
    await this.page.fill('[name=password]', password)
    // What is looked at next must be the answer, and not the form that is still there.
    await Promise.all([this.page.waitForEvent('load'), this.page.click('main .button')])
  }

  /** Writes a transfer up to its last page. */
  async draft(iban: string, amount: string, note: string): Promise<void> {
    await this.goto('/transfer')
    await this.page.locator('label', { has: this.page.locator(`[value="${iban}"]`) }).click()
    await this.page.click('main .button')
    await this.page.fill('[name=amount]', amount)
    await this.page.fill('[name=note]', note)
    await this.page.click('[value=next]')
  }

  async has(text: string): Promise<void> {
    await this.page.getByText(text).first().waitFor()
  }

  async isAt(path: string): Promise<void> {
    await this.page.waitForURL(new URL(path, this.#url).href)
  }

  #watch(page: Page): void {
    page.on('pageerror', (error) => this.#problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !EXPECTED.test(message.text())) this.#problems.push(message.text())
    })
  }
}

/** A new browser of somebody, the size of a phone unless told otherwise. */
export async function openDevice(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Device> {
  const context = await browser.newContext({
    viewport: PHONE,
    locale: 'en-GB',
    colorScheme: 'light',
    ...options,
  })
  context.setDefaultTimeout(STEP_LIMIT_MS)
  return new Device(context, await context.newPage(), url)
}

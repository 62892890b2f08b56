import type { Browser, BrowserContextOptions } from 'playwright-core'
import { type BankProcess, startBankProcess } from './bank.test-support.ts'
import { type Device, launchBrowser, openDevice } from './browser.test-support.ts'

/** A bank that is open, and the browsers of the people who use it. */
export class Branch {
  readonly #browser: Browser
  readonly #args: readonly string[]
  #bank: BankProcess
  #devices: Device[] = []

  static async open(args: readonly string[]): Promise<Branch> {
    const bank = await startBankProcess(args)
    return new Branch(await launchBrowser(), bank, args)
  }

  constructor(browser: Browser, bank: BankProcess, args: readonly string[]) {
    this.#browser = browser
    this.#bank = bank
    this.#args = args
  }

  /** A browser of somebody who is not logged in. */
  async open(options?: BrowserContextOptions): Promise<Device> {
    const device = await openDevice(this.#browser, this.#bank.url, options)
    this.#devices.push(device)
    return device
  }

  /** A browser of somebody who is. */
  async customer(name: string, options?: BrowserContextOptions): Promise<Device> {
    const device = await this.open(options)
    await device.logIn(name)
    await device.isAt('/accounts')
    return device
  }

  /** Kills the bank, and starts it again where it was. */
  async crash(): Promise<void> {
    const { port } = this.#bank
    await this.#bank.stop('SIGKILL')
    this.#bank = await startBankProcess([...this.#args, '--port', port])
  }

  /** Closes the browsers. What went wrong on their pages. */
  async leave(): Promise<readonly string[]> {
    const devices = this.#devices
    this.#devices = []
    await Promise.all(devices.map(({ context }) => context.close()))
    return devices.flatMap((device) => device.problems)
  }

  /** What the bank printed as errors, when it has closed. */
  async close(): Promise<string> {
    await this.#browser.close()
    const { stderr } = await this.#bank.stop('SIGTERM')
    return stderr
  }
}

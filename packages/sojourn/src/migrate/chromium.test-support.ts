import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const ARGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run']

/** Starts the Chromium of the system, with a profile of its own that is thrown away afterwards. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: ARGS })
}

function chromiumPath(): string {
  const { PATH = '', CHROMIUM_PATH = '' } = process.env
  const folders = PATH.split(delimiter)
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  const path = [CHROMIUM_PATH, ...candidates].find(isExecutable)
  if (path !== undefined) return path
  throw new Error(`The browser tests need Chromium: set CHROMIUM_PATH, or put one of ${NAMES} on PATH.`)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return path !== ''
  } catch {
    return false
  }
}

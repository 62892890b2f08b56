import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const START_LIMIT_MS = 50_000

/** What a bank that has ended left behind. */
export interface Ended {
  readonly code: number | null
  readonly stderr: string
}

/** The built bank in a process of its own, as `npm start` runs it. */
export class BankProcess {
  readonly url: string
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess

  constructor(url: string, child: ChildProcess, ended: Promise<Ended>) {
    this.url = url
    this.ended = ended
    this.#child = child
  }

  get port(): string {
    return new URL(this.url).port
  }

  /** Sends a signal and waits for the end of the process. */
  stop(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<Ended> {
    this.signal(signal)
    return this.ended
  }

  signal(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void {
    this.#child.kill(signal)
  }
}

/** A data directory for one test file, and what removes it. */
export function temporaryDirectory(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'sojourn-bank-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Its first start takes seconds, and most tests are about something else. */
const QUICK = '--no-archive'

/** Starts the bank without past sessions, and resolves when it has said where it is; on a free port unless one is given. */
export function startBankProcess(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<BankProcess> {
  return startArchivingBank([QUICK, ...args], env)
}

/** Starts the bank as everybody does. */
export async function startArchivingBank(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<BankProcess> {
  const { child, ended } = spawnBank(args.includes('--port') ? args : ['--port', '0', ...args], env)
  const url = await Promise.race([
    urlFrom(child),
    ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ])
  return new BankProcess(url, child, ended)
}

/** Runs the bank, without past sessions, where it is expected to end by itself. */
export function runBank(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return runArchivingBank([QUICK, ...args], env)
}

/** The same of the bank as everybody starts it. */
export function runArchivingBank(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return spawnBank(args, env).ended
}

function spawnBank(args: readonly string[], env: Record<string, string> = {}) {
  if (!existsSync(MAIN))
    throw new Error('The bank is not built: run `npm run build`, or `npm test`, which does it.')
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = once(child, 'close').then(([code]): Ended => {
    return { code: typeof code === 'number' ? code : null, stderr: Buffer.concat(chunks).toString() }
  })
  return { child, ended }
}

function urlFrom(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('The bank did not start in time.')), START_LIMIT_MS)
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const [, url] = /open at (http:\S+)/.exec(text) ?? []
      if (url === undefined) return
      clearTimeout(limit)
      resolve(url)
    })
  })
}

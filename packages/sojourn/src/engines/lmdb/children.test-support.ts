import { type ChildProcess, execFile, fork } from 'node:child_process'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Task } from './peer-child.test-support.ts'

/*
 * Real processes for tests. Node 20 runs no TypeScript, and a build may be older than the source, so the
 * source is compiled into a folder of its own, beside the packages that it imports.
 */
const ROOT = join(import.meta.dirname, '../../../../..')
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc')
const LIBRARY = join(ROOT, 'packages/sojourn')
const PROJECT = join(LIBRARY, 'tsconfig.json')
/** Where the library finds its packages: npm keeps some beside it, when others ask for another version. */
const PACKAGES = join(LIBRARY, 'node_modules')
const FOLDER = '.sojourn-children-'
/** Types are checked elsewhere, and that takes five times as long. */
const CODE_ALONE = [
  '--noCheck',
  ...['declaration', 'declarationMap', 'sourceMap'].flatMap((option) => [`--${option}`, 'false']),
]

/** The longest that compiling may take: three seconds on a machine at rest. */
export const COMPILE_MS = 120_000

/** What a child tells; each kind of child has its own words. */
export type Message = Readonly<Record<string, unknown>>

export interface Children extends AsyncDisposable {
  /** Starts `<name>.test-support.ts` of this folder with these arguments. */
  start(name: string, ...args: readonly string[]): Child
  /** The compiled file of `<name>.test-support.ts`, for whoever starts it in another way. */
  fileOf(name: string): string
}

/** What this process has compiled: all files of tests that one worker runs share it. */
let compiled: Promise<string> | null = null

export async function compileChildren(): Promise<Children> {
  compiled ??= compile()
  const folder = await compiled
  const started: Child[] = []
  const fileOf = (name: string) => join(folder, 'engines/lmdb', `${name}.test-support.js`)
  return {
    fileOf,
    start(name, ...args) {
      const child = new Child(fileOf(name), args)
      started.push(child)
      return child
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((child) => child.kill()))
    },
  }
}

/** The folder with the whole library in JavaScript. It stays until a later run: a worker is not told when it is over. */
async function compile(): Promise<string> {
  await mkdir(PACKAGES, { recursive: true })
  await removeLeftOvers()
  const folder = join(PACKAGES, `${FOLDER}${process.pid}`)
  const options = ['-p', PROJECT, '--outDir', folder, ...CODE_ALONE]
  await promisify(execFile)(process.execPath, [COMPILER, ...options])
  return folder
}

/** What processes compiled that are gone; one of them may have had our number. */
async function removeLeftOvers(): Promise<void> {
  const names = (await readdir(PACKAGES)).filter((name) => name.startsWith(FOLDER))
  const ended = names.filter((name) => !isAnother(Number(name.slice(FOLDER.length))))
  const options = { recursive: true, force: true, maxRetries: 3 }
  await Promise.all(ended.map((name) => rm(join(PACKAGES, name), options)))
}

/** Whether this is the number of another process that runs. */
function isAnother(pid: number): boolean {
  try {
    return pid !== process.pid && process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A process that is told things and tells things, one message after the other. */
export class Child {
  readonly told: Message[] = []
  /** Resolves when it is gone and everything that it told is here. */
  readonly gone: Promise<void>
  readonly #process: ChildProcess
  #asked = 0
  #isGone = false
  #signal: NodeJS.Signals | null = null
  #wake = (): void => undefined

  constructor(file: string, args: readonly string[]) {
    this.#process = fork(file, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#process.on('message', (message: Message) => {
      this.told.push(message)
      this.#wake()
    })
    let errors = ''
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    this.gone = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => {
        this.#isGone = true
        this.#signal = signal
        if (code !== null && code !== 0) this.told.push({ crashed: code, errors })
        this.#wake()
        resolve()
      })
    })
  }

  /** Whether it was killed, and did not end by itself. */
  get wasKilled(): boolean {
    return this.#signal === 'SIGKILL'
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Has it do something, and resolves with what came of it. */
  async does(task: Task, details: Message = {}): Promise<unknown> {
    const of = ++this.#asked
    this.#process.send({ ...details, task, of })
    const { error, outcome } = await this.hears((told) => told.find((message) => isAnswerTo(of, message)))
    if (error !== undefined) throw new Error(String(error))
    return outcome
  }

  /** Resolves as soon as it has told something of which this is true; rejects when it ends before. */
  async hears<T>(find: (told: readonly Message[]) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(this.told)
      if (found !== undefined) return found
      if (this.#isGone) throw new Error(`The child ended: ${JSON.stringify(this.told.at(-1))}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The first message that has this field. */
  async says(field: string): Promise<unknown> {
    return this.hears((told) => told.find((message) => field in message)?.[field])
  }

  async kill(): Promise<void> {
    if (!this.#isGone) this.#process.kill('SIGKILL')
    await this.gone
  }
}

function isAnswerTo(asked: number, { of }: Message): boolean {
  return of === asked
}

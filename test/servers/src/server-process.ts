import { type ChildProcess, spawn } from 'node:child_process'
import { guard, type LastSignal, unguard } from './watchdog.ts'

const PORT_TAKEN = /Address already in use/
const LOG_CHARACTERS = 64_000

export interface Launch {
  readonly program: string
  readonly args: readonly string[]
  readonly directory: string
  /** What the server prints when it serves. */
  readonly ready: RegExp
  readonly limitMs: number
  /** What ends it at once when it does not get ready, or when we are gone. */
  readonly lastSignal: LastSignal
  /** Whom it runs as; left out, as ourselves. */
  readonly identity?: Identity
}

/** A user and a group of the system, by number. */
export interface Identity {
  readonly uid: number
  readonly gid: number
}

/** The port was free when it was looked at, and is not any more. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken'
}

/** One process of a server, from its start to its end. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #isReady: RegExp
  readonly #exited: Promise<void>
  #log = ''
  #isRunning = true
  #onLog: () => void = () => undefined

  /** Resolves when the server serves. Rejects with its log when it ends before, or takes too long. */
  static async launch(launch: Launch): Promise<ServerProcess> {
    const started = new ServerProcess(launch)
    try {
      await started.#ready(launch.limitMs)
      return started
    } catch (error) {
      await started.end(launch.lastSignal)
      throw error
    }
  }

  constructor({ program, args, directory, ready, lastSignal, identity }: Launch) {
    const child = spawn(program, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], ...identity })
    this.#child = child
    this.#isReady = ready
    const note = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-LOG_CHARACTERS)
      this.#onLog()
    }
    child.stdout.on('data', note)
    child.stderr.on('data', note)
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => this.#ended(Buffer.from(error.message), note, resolve))
      child.once('close', () => this.#ended(Buffer.from('(ended)\n'), note, resolve))
    })
    if (child.pid !== undefined) guard(child.pid, directory, lastSignal)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get log(): string {
    return this.#log
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  signal(name: NodeJS.Signals): void {
    if (this.#isRunning) this.#child.kill(name)
  }

  /** Sends the signal, and resolves when the process is gone. */
  async end(signal: LastSignal | 'SIGTERM' | 'SIGINT'): Promise<void> {
    this.signal(signal)
    // A stopped process hears SIGTERM only when it goes on.
    this.signal('SIGCONT')
    await this.#exited
  }

  #ended(last: Buffer, note: (chunk: Buffer) => void, resolve: () => void): void {
    this.#isRunning = false
    if (this.#child.pid !== undefined) unguard(this.#child.pid)
    note(last)
    resolve()
  }

  #ready(limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        const Kind = PORT_TAKEN.test(this.#log) ? PortTaken : Error
        reject(new Kind(`The server ${why}:\n${this.#log}`))
      }
      const timer = setTimeout(() => fail(`did not start in ${limitMs} ms`), limitMs)
      const settle = (done: () => void): void => {
        clearTimeout(timer)
        this.#onLog = () => undefined
        done()
      }
      this.#onLog = () => {
        if (!this.#isRunning) settle(() => fail('ended before it served'))
        else if (this.#isReady.test(this.#log)) settle(resolve)
      }
      this.#onLog()
    })
  }
}

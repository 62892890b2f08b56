import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Access, command, type ServerReply } from './command.ts'
import { freePort, HOST } from './free-port.ts'
import { redisProgram } from './program.ts'
import { PortTaken, ServerProcess } from './server-process.ts'

/** Lines of a server's configuration, by their first word; a list gives a line for each. */
export type ServerConfig = Readonly<Record<string, string | number | readonly string[]>>

export interface RedisServerOptions {
  /** Goes before the defaults: loopback only, no file is written. Text as in the file: `'""'` for no text. */
  readonly config?: ServerConfig
  /** A free one, unless told. */
  readonly port?: number
  /** The path of another server, such as an older one or Valkey. */
  readonly program?: string
  /** ACL lines without the word `user`: `default off`, `app on >secret ~sojourn:* +get`. */
  readonly users?: readonly string[]
  /** How long a start may take, in milliseconds. */
  readonly limitMs?: number
}

/** How a server is to run: nothing is added to it but where it listens. */
export interface ServerPlan extends RedisServerOptions {
  readonly config: ServerConfig
  /** After the file on the command line. */
  readonly args?: readonly string[]
}

const DATA_SERVER: ServerConfig = {
  save: '""',
  appendonly: 'no',
  'enable-debug-command': 'yes',
  'repl-diskless-sync-delay': 0,
  'repl-ping-replica-period': 1,
}
/** What a server prints when it serves: as a data server of any make, or as a Sentinel. */
const READY = /Ready to accept connections|Sentinel ID is/
const START_LIMIT_MS = 15_000
const ATTEMPTS = 5
/** A user of our own where the test has users, so that `cli` works whatever it makes of the others. */
const OPERATOR = 'operator-of-the-test'

/** Starts a server on a free port, in a temporary directory. It ends with this process at the latest. */
export function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  return startPlanned({ ...options, config: { ...DATA_SERVER, ...options.config } })
}

export async function startPlanned(plan: ServerPlan, nextPort = freePort): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    const server = new RedisServer(plan.port ?? (await nextPort()), await withBusPort(plan))
    try {
      await server.restart()
      return server
    } catch (error) {
      await server.stop()
      const canRetry = error instanceof PortTaken && plan.port === undefined && attempt < ATTEMPTS
      if (!canRetry) throw error
    }
  }
}

/** Nodes of a cluster talk to each other on a port of their own; left alone it is the other one plus 10,000. */
async function withBusPort(plan: ServerPlan): Promise<ServerPlan> {
  if (plan.config['cluster-enabled'] !== 'yes') return plan
  return { ...plan, config: { 'cluster-port': await freePort(), ...plan.config } }
}

/** One server. It can be killed, paused and started again; its port and directory stay. */
export class RedisServer {
  readonly host = HOST
  readonly port: number
  readonly directory: string
  readonly #plan: ServerPlan
  readonly #access: Access
  #process: ServerProcess | null = null
  #isPaused = false

  constructor(port: number, plan: ServerPlan) {
    const password = randomBytes(16).toString('hex')
    const users = plan.users ?? []
    const hasUsers = users.length > 0
    const user = hasUsers ? [...users, `${OPERATOR} on >${password} ~* &* +@all`] : []
    this.port = port
    this.directory = mkdtempSync(join(tmpdir(), 'sojourn-redis-'))
    this.#plan = plan
    this.#access = { host: HOST, port, ...(hasUsers ? { username: OPERATOR, password } : {}) }
    const text = textOf({ bind: HOST, 'protected-mode': 'no', ...plan.config, port, user })
    writeFileSync(this.#file, text)
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  /** The process of now; 0 when none runs. */
  get pid(): number {
    return this.isRunning ? (this.#process?.pid ?? 0) : 0
  }

  get isRunning(): boolean {
    return this.#process?.isRunning ?? false
  }

  /** Whether it runs and is not paused. */
  get isServing(): boolean {
    return this.isRunning && !this.#isPaused
  }

  /** What the server of now, or the last one, printed; the end of it. */
  get log(): string {
    return this.#process?.log ?? ''
  }

  /** Sends one command on a connection of its own. Rejects with the server's error. */
  cli(...args: readonly (string | number)[]): Promise<ServerReply> {
    return command(this.#access, args)
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL')
  }

  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void {
    this.#isPaused = true
    this.#process?.signal('SIGSTOP')
  }

  resume(): void {
    this.#process?.signal('SIGCONT')
    this.#isPaused = false
  }

  /** Starts the server again where it was, after an orderly end (SIGTERM) if it runs. */
  async restart(): Promise<void> {
    await this.#process?.end('SIGTERM')
    this.#isPaused = false
    this.#process = await ServerProcess.launch({
      program: this.#plan.program ?? redisProgram(),
      args: [this.#file, ...(this.#plan.args ?? [])],
      directory: this.directory,
      ready: READY,
      lastSignal: 'SIGKILL',
      limitMs: this.#plan.limitMs ?? START_LIMIT_MS,
    })
  }

  /** Ends the server and removes its directory. */
  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }

  get #file(): string {
    return join(this.directory, 'redis.conf')
  }
}

function textOf(config: ServerConfig): string {
  const lines = Object.entries(config).flatMap(([word, value]) =>
    (typeof value === 'object' ? value : [value]).map((one) => `${word} ${one}\n`),
  )
  return lines.join('')
}

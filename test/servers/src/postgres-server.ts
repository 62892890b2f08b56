import { execFile, execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, HOST } from './free-port.ts'
import { postgresProgram } from './program.ts'
import { type Identity, PortTaken, ServerProcess } from './server-process.ts'

/** Settings as in `postgresql.conf`, by their names. */
type PostgresConfig = Readonly<Record<string, string | number>>

export interface PostgresOptions {
  /** Goes over the defaults: loopback only, everything else as Postgres has it, `fsync` too. */
  readonly config?: PostgresConfig
  /** A free one, unless told. */
  readonly port?: number
  /** The path of another server, such as an older one; its `initdb` lies beside it. */
  readonly program?: string
  /** How long a start may take, in milliseconds. */
  readonly limitMs?: number
  /** Gives it a small disk of so many bytes, for a tablespace in `smallDisk`. Linux only. */
  readonly smallDiskBytes?: number
}

/** What all servers of the tests have: a small one that keeps its promises. */
const SERVER: PostgresConfig = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  shared_buffers: '64MB',
  max_connections: 50,
  // Its files lie in the data directory, and go with it.
  dynamic_shared_memory_type: 'mmap',
  jit: 'off',
  timezone: 'UTC',
}
const USER = 'sojourn'
const READY = /database system is ready to accept connections/
/** The children of a server that was killed have not gone yet. */
const LEFT_OVER = /pre-existing shared memory block|lock file ".*" already exists/
/** It ends at once, and removes its mark from the system's shared memory, which SIGKILL would leave. */
const LAST_SIGNAL = 'SIGQUIT' as const
const START_LIMIT_MS = 30_000
const ATTEMPTS = 5

/**
 * Starts a server on a free port with an empty database, in a temporary directory. It ends with this process at
 * the latest. It trusts whoever connects from this host: any role, without a password.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const program = realpathSync(options.program ?? postgresProgram())
  const identity = unprivileged()
  const directory = emptyDirectory(identity)
  try {
    await initialize(program, directory, identity)
    return await startWithin(directory, { ...options, program }, identity)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

async function startWithin(
  directory: string,
  options: PostgresOptions & { readonly program: string },
  identity: Identity | null,
): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt += 1) {
    const plan = { ...options, port: options.port ?? (await freePort()), directory, identity }
    const server = new PostgresServer(plan)
    try {
      await server.restart()
      return server
    } catch (error) {
      const canRetry = error instanceof PortTaken && options.port === undefined && attempt < ATTEMPTS
      if (!canRetry) throw error
    }
  }
}

/** Postgres refuses to run as root. Then it is nobody, who owns nothing else. */
function unprivileged(): Identity | null {
  if (process.getuid?.() !== 0) return null
  const idOf = (kind: string): number => Number(execFileSync('id', [kind, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function emptyDirectory(identity: Identity | null): string {
  const directory = mkdtempSync(join(tmpdir(), 'sojourn-postgres-'))
  if (identity !== null) chownSync(directory, identity.uid, identity.gid)
  return directory
}

async function initialize(program: string, directory: string, identity: Identity | null): Promise<void> {
  const initdb = join(dirname(program), 'initdb')
  const args = ['-D', directory, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(initdb, args, { cwd: directory, ...identity })
}

interface PostgresPlan extends PostgresOptions {
  readonly program: string
  readonly port: number
  readonly directory: string
  readonly identity: Identity | null
}

/** One server. It can be killed and started again; its port and directory stay. */
export class PostgresServer {
  readonly host = HOST
  readonly port: number
  readonly directory: string
  readonly #plan: PostgresPlan
  #process: ServerProcess | null = null

  constructor(plan: PostgresPlan) {
    this.port = plan.port
    this.directory = plan.directory
    this.#plan = plan
  }

  /** Of the database `postgres`, as the superuser. */
  get url(): string {
    return this.urlOf(USER)
  }

  /** Of the database `postgres`, as that role. */
  urlOf(role: string): string {
    return `postgres://${role}@${this.host}:${this.port}/postgres`
  }

  /** The process of now, of which the others are children; 0 when none runs. */
  get pid(): number {
    return this.isRunning ? (this.#process?.pid ?? 0) : 0
  }

  get isRunning(): boolean {
    return this.#process?.isRunning ?? false
  }

  /** What the server of now, or the last one, printed; the end of it. */
  get log(): string {
    return this.#process?.log ?? ''
  }

  /** Where its small disk is, which only the server sees. */
  get smallDisk(): string {
    return join(this.directory, 'small-disk')
  }

  /** SIGKILL. Resolves when that process is gone; its children see it and go as well, a moment later. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL')
  }

  /** An orderly end that waits for no client. */
  async shutDown(): Promise<void> {
    await this.#process?.end('SIGINT')
  }

  /** Starts the server again where it was, after an orderly end if it runs. */
  async restart(): Promise<void> {
    await this.shutDown()
    const limitMs = this.#plan.limitMs ?? START_LIMIT_MS
    const endAt = performance.now() + limitMs
    for (;;) {
      try {
        this.#process = await this.#launch(limitMs)
        return
      } catch (error) {
        const isTooEarly = error instanceof Error && LEFT_OVER.test(error.message)
        if (!isTooEarly || performance.now() > endAt) throw error
      }
    }
  }

  /** Ends the server at once and removes its directory. */
  async stop(): Promise<void> {
    await this.#process?.end(LAST_SIGNAL)
    rmSync(this.directory, { recursive: true, force: true })
  }

  #launch(limitMs: number): Promise<ServerProcess> {
    const { program, directory, identity, config, smallDiskBytes } = this.#plan
    const settings = Object.entries({ ...SERVER, ...config, port: this.port })
    const args = ['-D', directory, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
    const launch = { directory, ready: READY, lastSignal: LAST_SIGNAL, limitMs }
    if (smallDiskBytes !== undefined) {
      mkdirSync(this.smallDisk, { recursive: true })
      const [outer = '', ...inner] = onSmallDisk(smallDiskBytes, this.smallDisk, identity)
      return ServerProcess.launch({ ...launch, program: outer, args: [...inner, program, ...args] })
    }
    return ServerProcess.launch({ ...launch, program, args, ...(identity === null ? {} : { identity }) })
  }
}

/**
 * What to put before a command that is to see a small disk at this place: a mount in a namespace of its own, which ends
 * with the command. Root becomes nobody behind it; everybody else needs a user namespace to mount in.
 */
function onSmallDisk(bytes: number, place: string, identity: Identity | null): readonly string[] {
  const space = identity === null ? ['--user', '--map-current-user', '--keep-caps'] : []
  const { uid, gid } = identity ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const options = `size=${bytes},uid=${uid},gid=${gid},mode=700`
  const drop = identity === null ? '' : `setpriv --reuid=${uid} --regid=${gid} --clear-groups`
  const script = `mount -t tmpfs -o ${options} tmpfs "$1" && shift && exec ${drop} "$@"`
  return ['unshare', ...space, '--mount', 'sh', '-c', script, 'sh', place]
}

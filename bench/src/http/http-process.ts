import { mkdirSync } from 'node:fs'
import { createSessionStore, type Engine, type SessionStore } from 'sojourn'
import { lmdb } from 'sojourn/lmdb'
import { memory } from 'sojourn/memory'
import { serveParent } from '../child.ts'
import { type Payload, payloadOf } from '../payload.ts'
import type { Framework, Port } from './framework.ts'
import { FRAMEWORKS, type FrameworkName } from './frameworks.ts'
import { type LoadOrder, type LoadSample, load, type Visitor } from './load.ts'
import { logIn } from './log-in.ts'
import type { Side } from './sides.ts'

/** One server to start. */
export interface ServeOrder {
  readonly framework: FrameworkName
  readonly side: Side
  /** For a store on disk; made here. */
  readonly folder: string
  /** Where its application is, if one had to be compiled. */
  readonly app: string
}

/** What a server tells of itself. */
export interface ServerStatus {
  readonly port: Port
  /** Of all threads of the process, since it began. In milliseconds. */
  readonly cpuMs: number
}

/** One framework with one kind of session in a process of its own. */
export async function serveHttp({ framework, side, folder, app }: ServeOrder): Promise<void> {
  // Some frameworks read it while they load.
  Object.assign(process.env, { NODE_ENV: 'production' })
  const loaded = await FRAMEWORKS[framework].load(app)
  const store = await storeFor(side, folder)
  const port = await open(loaded, side, store)
  serveParent(
    async (): Promise<ServerStatus> => ({ port, cpuMs: cpuMs() }),
    async () => store?.close(),
  )
}

/** A machine that is busy with something else is no failure of the store. */
const TIMEOUT_MS = 60_000

/** With its defaults otherwise, and so with the touch that follows the first read of a minute. */
async function storeFor(side: Side, folder: string): Promise<SessionStore<Payload> | null> {
  const engine = await engineFor(side, folder)
  if (engine === null) return null
  return createSessionStore<Payload>({
    engine,
    lifetime: 'web',
    initial: () => payloadOf(0),
    timeout: TIMEOUT_MS,
  })
}

async function engineFor(side: Side, folder: string): Promise<Engine | null> {
  if (side === 'memory') return memory()
  if (side !== 'lmdb') return null
  mkdirSync(folder, { mode: 0o700 })
  return await lmdb({ path: folder })
}

function open(framework: Framework, side: Side, store: SessionStore<Payload> | null): Promise<Port> {
  if (store !== null) return framework.sojourn(store)
  if (side !== 'peer') return framework.bare()
  if (framework.peer === null) throw new Error('There is nothing to compare with.')
  return framework.peer()
}

/** What the process that asks is told to do. */
export type AskerOrder =
  /** Logs so many users in at a server, and keeps their cookies. */
  { readonly logIn: { readonly port: Port; readonly count: number } } | { readonly load: LoadOrder }

export interface AskerSample extends LoadSample {
  /** The part of the time in which the process that asks used a core. Near 1 it is what limits. */
  readonly busy: number
}

/** The process that asks, apart from whom it asks. */
export function serveAsker(): void {
  const visitors = new Map<Port, readonly Visitor[]>()
  const carryOut = async (order: AskerOrder): Promise<AskerSample | null> => {
    if ('load' in order) return measure(visitors.get(order.load.port) ?? [], order.load)
    const { port, count } = order.logIn
    visitors.set(port, await logIn(port, count))
    return null
  }
  serveParent(carryOut, async () => undefined)
}

async function measure(visitors: readonly Visitor[], order: LoadOrder): Promise<AskerSample> {
  const startedAt = performance.now()
  const cpuAtStart = cpuMs()
  const sample = await load(visitors, order)
  return { ...sample, busy: (cpuMs() - cpuAtStart) / (performance.now() - startedAt) }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

import { setTimeout as pause } from 'node:timers/promises'
import { createSessionStore, type SessionStore } from 'sojourn'
import { type Durability, redis } from 'sojourn/redis'
import type { Audit } from './ledger.ts'
import { type Counter, Load } from './load.ts'
import type { Fault, Placed, Scene } from './scene.ts'

export const DRIVERS = ['ioredis', 'node-redis'] as const

/** How a store of the load is opened. */
export interface Variant {
  readonly driver: (typeof DRIVERS)[number]
  readonly durability: Durability
  readonly security: Durability
  /** How many replicas confirm. */
  readonly replicas: number
}

/** What became of one store's load under one fault. */
export interface Row extends Audit {
  readonly fault: Fault
  readonly variant: Variant
  readonly writes: number
  readonly logOuts: number
  /** The longest time without a success. */
  readonly outageMs: number
  /** How much of it lay after the servers were there again. */
  readonly afterElectionMs: number
  readonly errors: ReadonlyMap<string, number>
}

const WARM_MS = 400
const AFTER_MS = 1_500
const SETTLED_MS = 500
const RECOVERY_LIMIT_MS = 15_000
const CANDIDATES = 24
const PROBE: Variant = {
  driver: 'ioredis',
  durability: 'acknowledged',
  security: 'acknowledged',
  replicas: 0,
}

/** Loads the servers through each variant at once, strikes, and holds what is stored against what was said. */
export async function play(fault: Fault, variants: readonly Variant[]): Promise<Row[]> {
  const scene = await fault.start()
  const loads: Load[] = []
  try {
    const users = await reachedBy(scene)
    for (const variant of variants) loads.push(new Load(await storeFor(scene, variant), users))
    for (const load of loads) load.start()
    await pause(WARM_MS)
    for (const load of loads) load.strike()
    const back = await scene.strike()
    await pause(AFTER_MS)
    await scene.settle()
    await pause(SETTLED_MS)
    await Promise.all(loads.map((load) => load.stop()))
    return await Promise.all(
      loads.map(async (load, index) => {
        const variant = variants[index]
        if (variant === undefined) throw new Error('A load without a variant.')
        return {
          fault,
          variant,
          ...(await reportOf(load, variant.replicas > 0 ? back.followedAt : back.servedAt)),
        }
      }),
    )
  } finally {
    await Promise.all(loads.map((load) => load.stop()))
    await Promise.all(loads.map((load) => load.store.close()))
    await scene.stop()
  }
}

function storeFor({ url }: Scene, variant: Variant): Promise<SessionStore<Counter>> {
  const prefix = Object.values(variant).join('-')
  const engine = redis({ url, prefix, ...variant })
  return createSessionStore<Counter>({ engine, initial: () => ({ n: 0 }), sweep: false, lazy: true })
}

/** Users whose sessions the fault can reach. A user's sessions are in the same place for every store. */
async function reachedBy(scene: Scene): Promise<readonly string[]> {
  const store = await storeFor(scene, PROBE)
  const placed: Placed[] = []
  for (let user = 0; user < CANDIDATES; user += 1) {
    const userId = `u_${user}`
    const { session } = await patiently(() => store.create({ userId }))
    placed.push({ userId, bucket: session.id.slice(0, 2) })
  }
  await store.close()
  const reached = await scene.reached(placed)
  if (reached.length === 0) throw new Error('The fault reaches nobody.')
  return reached
}

async function reportOf(load: Load, backAt: number) {
  const { ledger, errors, gap, store } = load
  const audit = await ledger.audit((token) =>
    patiently(async () => (await store.read(token, { touch: false }))?.data.n ?? null),
  )
  return {
    ...audit,
    writes: ledger.writes,
    logOuts: ledger.logOuts,
    outageMs: gap.to - gap.from,
    afterElectionMs: Math.max(0, gap.to - Math.max(backAt, gap.from)),
    errors,
  }
}

/** Servers that have just come together may refuse for a moment. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  const endAt = performance.now() + RECOVERY_LIMIT_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() > endAt) throw error
      await pause(20)
    }
  }
}

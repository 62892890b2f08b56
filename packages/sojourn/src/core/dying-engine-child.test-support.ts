import { memory } from '../engines/memory/index.ts'
import { createSessionStore } from './create-session-store.ts'
import type { Engine } from './port.ts'
import type { SessionStore } from './session-store.ts'

/*
 * A process whose engine dies under load. It tells what was left to nobody: rejections and exceptions.
 *
 *   node dying-engine-child.test-support.js <how it dies>
 */
const [way = ''] = process.argv.slice(2)

interface Visit {
  count?: number
}

/** What it tells at the end. */
export interface Outcome {
  readonly unhandled: readonly string[]
  /** The codes of the errors that callers saw. */
  readonly codes: readonly string[]
  readonly isAlive: boolean
}

const lost = (): Error => Object.assign(new Error('connection lost'), { code: 'ECONNRESET' })
const DEATHS = new Map<string, () => unknown>([
  ['rejects', () => Promise.reject(lost())],
  ['throws', () => raise(lost())],
  ['hangs', () => new Promise(() => undefined)],
  ['rejects late', () => new Promise((_, reject) => setTimeout(() => reject(lost()), 150))],
  ['answers nonsense', () => Promise.resolve({ outcome: 'nonsense' })],
  ['answers nothing', () => undefined],
  ['says it is closed', () => Promise.reject(Object.assign(lost(), { code: 'ENOENT' }))],
  // The broken twin: somebody forgot to wait for a write.
  ['floats', () => void Promise.reject(lost())],
])

// The store's own timers keep no process alive; here nothing else would.
const alive = setInterval(() => undefined, 1_000)
const unhandled: string[] = []
process.on('unhandledRejection', (error) => unhandled.push(String(error)))
process.on('uncaughtException', (error) => unhandled.push(String(error)))

let isDead = false
const engine: Engine = new Proxy(memory(), {
  get: (target, name) => {
    const member: unknown = Reflect.get(target, name)
    if (typeof member !== 'function') return member
    return (...args: unknown[]) => (isDead ? DEATHS.get(way)?.() : Reflect.apply(member, target, args))
  },
})

function raise(error: Error): never {
  throw error
}

/** Every verb at once, for each token, without waiting in between. */
function load(store: SessionStore<Visit>, tokens: readonly string[]): Promise<unknown>[] {
  return tokens.flatMap((token) => [
    store.read(token),
    store.read(token),
    store.update(token, (draft) => (draft.count = 1)),
    store.update(token, (draft) => (draft.count = 2)),
    store.touch(token),
    store.rotate(token),
    store.rotate(token, { grace: false }),
    store.reauthenticate(token, { userId: 'u_1' }),
    store.create({ userId: 'u_1', replaces: token, carry: ['count'] }),
    store.create({ userId: 'u_1' }),
    store.updateUser('u_1', (draft) => (draft.count = 3)),
    store.list({ userId: 'u_1' }),
    store.revoke(token),
    store.revokeUser('u_2'),
    store.sweep(),
  ])
}

// An idle time this short lets every read touch, and the sweep has something to do.
const store = await createSessionStore<Visit>({
  engine,
  timeout: 50,
  lifetime: { idle: 200, absolute: '1h' },
  perUser: { max: 1_000 },
})
store.on('created', () => Promise.reject(lost()))
store.on('ended', () => raise(lost()))
const issued = await Promise.all(Array.from({ length: 30 }, () => store.create({ userId: 'u_1' })))
for (const { session } of issued) store.watch(session, () => raise(lost()))
const tokens = issued.map(({ token }) => token)
await new Promise((resolve) => setTimeout(resolve, 30))
const begun = load(store, tokens)
// Some are on their way when it happens.
await Promise.resolve()
isDead = true
const results = await Promise.allSettled([...begun, ...load(store, tokens)])
const codes = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.code)] : []))
await new Promise((resolve) => setTimeout(resolve, 700))
isDead = false
const isAlive = (await store.create({ userId: 'u_3' })) !== null
await store.close().catch((error: unknown) => codes.push(String(error)))
const outcome: Outcome = { unhandled, codes: [...new Set(codes)].sort(), isAlive }
process.send?.({ outcome })
process.disconnect?.()
clearInterval(alive)

import { createWriteStream, mkdirSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { createSessionStore, type SessionStore } from 'sojourn'
import { lmdb } from 'sojourn/lmdb'
import { type Payload, payloadOf } from '../payload.ts'
import { percentile } from '../statistics.ts'

/** Resident bytes of a process. */
interface Memory {
  /** Its own: heap, stacks, buffers. */
  readonly anonymous: number
  /** Pages of files that are mapped: of LMDB, the part of the page cache that this process looked at. */
  readonly files: number
}

export interface OpenedSample {
  /** From nothing to the answer of the first read. Modules were loaded before. */
  readonly openMs: number
  readonly p50: number
  readonly p99: number
  readonly afterOpen: Memory
  readonly afterReads: Memory
}

const TOKEN_LENGTH = 48
/** Reads before the measured ones, so that the heap of V8 finds its size: that is not what sessions take. */
const WARMUP_SHARE = 0.5
const CONCURRENCY = 1_024
const TIMEOUT_MS = 60_000
/** So often the event loop turns: without, timers pile up as in no application. */
const TURN_EACH = 64
const TOKENS = 'tokens'

const storeOptions = (path: string, durability: 'fsync' | 'commit') => ({
  engine: lmdb({ path: join(path, 'store'), durability }),
  lifetime: { idle: '30d', absolute: '90d' } as const,
  initial: (): Payload => payloadOf(0),
  timeout: TIMEOUT_MS,
})

/** Fills a store, and a file beside it with the tokens, which are nowhere else. */
export async function fillStore(path: string, count: number): Promise<void> {
  mkdirSync(path, { mode: 0o700 })
  const sessions = await createSessionStore<Payload>(storeOptions(path, 'commit'))
  const tokens = createWriteStream(join(path, TOKENS))
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      tokens.write((await sessions.create({ userId: `user-${index}`, data: payloadOf(index) })).token)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  tokens.end()
  await Promise.all([finished(tokens), sessions.close()])
}

/** Opens a store that another process filled, and reads random sessions of it one after the other. */
export async function openStore(path: string, count: number, reads: number): Promise<OpenedSample> {
  const tokens = drawTokens(join(path, TOKENS), count, reads)
  const { sessions, openMs } = await opened(path, tokens.slice(0, 1))
  try {
    return { openMs, ...(await measureReads(sessions, tokens)) }
  } finally {
    await sessions.close()
  }
}

/** A store, and how long it took until it had answered its first reads. */
async function opened(path: string, tokens: readonly string[]) {
  const startedAt = performance.now()
  const sessions = await createSessionStore<Payload>(storeOptions(path, 'fsync'))
  await readEach(sessions, tokens)
  return { sessions, openMs: performance.now() - startedAt }
}

async function measureReads(
  sessions: SessionStore<Payload>,
  tokens: readonly string[],
): Promise<Omit<OpenedSample, 'openMs'>> {
  await readEach(sessions, tokens.slice(0, tokens.length * WARMUP_SHARE))
  const afterOpen = memoryNow()
  const latencies = (await readEach(sessions, tokens)).sort()
  const afterReads = memoryNow()
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), afterOpen, afterReads }
}

/** The latencies, in milliseconds. */
async function readEach(sessions: SessionStore<Payload>, tokens: readonly string[]): Promise<Float64Array> {
  const latencies = new Float64Array(tokens.length)
  for (const [index, token] of tokens.entries()) {
    const startedAt = performance.now()
    const session = await sessions.read(token, { touch: false })
    latencies[index] = performance.now() - startedAt
    if (session?.data.theme !== 'dark') throw new Error('The session was not read.')
    if (index % TURN_EACH === 0) await turn()
  }
  return latencies
}

/** As many for a small store as for a large one, so that they weigh the same. */
function drawTokens(path: string, count: number, reads: number): string[] {
  const file = openSync(path, 'r')
  const token = Buffer.alloc(TOKEN_LENGTH)
  return Array.from({ length: reads }, () => {
    readSync(file, token, 0, TOKEN_LENGTH, TOKEN_LENGTH * Math.floor(Math.random() * count))
    return token.toString('latin1')
  })
}

/** Without what is garbage. Linux tells the two apart; elsewhere all counts as the process's own. */
function memoryNow(): Memory {
  globalThis.gc?.()
  if (process.platform !== 'linux') return { anonymous: process.memoryUsage.rss(), files: 0 }
  const status = readFileSync('/proc/self/status', 'utf8')
  const bytesOf = (name: string) =>
    1_024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
  return { anonymous: bytesOf('RssAnon'), files: bytesOf('RssFile') + bytesOf('RssShmem') }
}

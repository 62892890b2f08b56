import type { Engine, SessionRecord } from '../../core/port.ts'
import { NOW, record } from '../record.test-support.ts'
import { dataOf } from './lmdb.test-support.ts'
import { lmdb } from './lmdb.ts'

/*
 * A process that creates, replaces, ends and settles sessions until it is killed, some at the same time. It
 * reports each acknowledged step and takes the next one only when the report is on its way.
 *
 *   node busy-child.test-support.js <path> <durability> <first number> <mode>
 */
const [path = '', durability = 'fsync', first = '0', mode = 'honest'] = process.argv.slice(2)
const AT_ONCE = 8
const SESSIONS_EACH = 1_000
const VERSIONS = 4

/** A step that is acknowledged: the session has this version, or has ended with it, or is forgotten. */
export interface Step {
  readonly number: number
  readonly version: number
  readonly ended?: true
  readonly forgotten?: true
}

async function report(message: Step | { opening: true } | { ready: true }): Promise<void> {
  await new Promise((resolve) => process.send?.(message, resolve))
}

/** One session through its life, again and again. Three users share all of them. */
async function live(engine: Engine, worker: number): Promise<void> {
  for (let round = 0; round < SESSIONS_EACH; round++) {
    const number = Number(first) + worker * SESSIONS_EACH + round
    let session: SessionRecord = record(number, { userId: `u_${number % 3}`, data: dataOf(number, 1) })
    await step(engine.create(session, null, NOW), { number, version: 1 })
    for (let version = 2; version <= VERSIONS; version++) {
      session = { ...session, version, data: dataOf(number, version) }
      await step(engine.replace(session, version - 1, NOW), { number, version })
    }
    await step(engine.end(session.id, 'logout', NOW), { number, version: VERSIONS, ended: true })
    if (number % 2 === 0) {
      await step(engine.settle([session.id], null), { number, version: VERSIONS, forgotten: true })
    }
  }
}

async function step(done: Promise<unknown>, message: Step): Promise<void> {
  // The broken twin: it says that something is done before it is.
  if (mode === 'hasty') done.catch(() => null)
  else await done
  await report(message)
}

await report({ opening: true })
const engine = await lmdb({ path, durability: durability === 'commit' ? 'commit' : 'fsync' })
await report({ ready: true })
await Promise.all(Array.from({ length: AT_ONCE }, (_, worker) => live(engine, worker)))

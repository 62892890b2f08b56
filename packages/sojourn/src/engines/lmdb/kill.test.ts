import { env } from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../core/port.ts'
import { NOW, record } from '../record.test-support.ts'
import { type Child, type Children, COMPILE_MS, compileChildren } from './children.test-support.ts'
import { faultsOf } from './consistency.test-support.ts'
import { dueKey, recordKey, userKey } from './keys.ts'
import { makeDirectory } from './lmdb.test-support.ts'
import { lmdb } from './lmdb.ts'
import { acknowledged, clear, lossesOf } from './survival.test-support.ts'
import { Tree } from './tree.ts'

/** How many processes are killed: `SOJOURN_KILL_ROUNDS=10000 npx vitest run …/lmdb/kill` takes its time. */
const { SOJOURN_KILL_ROUNDS = '60' } = env
const ROUNDS = Number(SOJOURN_KILL_ROUNDS)
const AT_ONCE = 2
const LANES = 2
const SESSIONS_PER_CHILD = 8_000
/** A fixed walk through the moments to kill at, so that a failure can be repeated. */
const momentOf = (round: number): number => (round * 17) % 61

let children: Children
beforeAll(async () => {
  children = await compileChildren()
}, COMPILE_MS)
afterAll(async () => children[Symbol.asyncDispose]())

/** Kills it while it opens the store, or after it has reported some steps. */
async function killAt(child: Child, moment: number): Promise<void> {
  if (moment === 0) await child.says('opening')
  else await child.hears((told) => (told.length >= moment + 2 ? true : undefined))
  await child.kill()
}

/** Lets processes work on one store and kills one after the other. What is lost or half done. */
async function killAll(path: string, rounds: readonly number[], mode: string): Promise<string[]> {
  const busy = rounds.map((round) =>
    children.start('busy-child', path, 'fsync', String(round * SESSIONS_PER_CHILD), mode),
  )
  for (const [index, child] of busy.entries()) await killAt(child, momentOf(rounds[index] ?? 0))
  const steps = acknowledged(busy.flatMap(({ told }) => told))
  const crashes = busy.flatMap(({ told }) => told.filter((message) => 'crashed' in message))
  const engine = await lmdb({ path })
  const tree = new Tree({ path, durability: 'fsync', maxBytes: 2 ** 30 })
  try {
    const losses = await lossesOf(engine, steps)
    return [...losses, ...faultsOf(tree.latest()), ...crashes.map((crash) => JSON.stringify(crash))]
  } finally {
    await clear(engine)
    await engine.close()
    await tree.close()
  }
}

/** Every second pair of rounds. */
async function killOften(path: string, lane: number): Promise<string[]> {
  const wrong: string[] = []
  for (let first = lane * AT_ONCE; first < ROUNDS; first += LANES * AT_ONCE) {
    const rounds = Array.from({ length: AT_ONCE }, (_, index) => first + index)
    wrong.push(...(await killAll(path, rounds, 'honest')).map((fault) => `round ${first}: ${fault}`))
  }
  return wrong
}

describe('kill -9', { timeout: 1_000 * Math.max(60, ROUNDS) }, () => {
  test.concurrent('T51: loses nothing that was acknowledged, and leaves nothing half done', async () => {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    expect(await killOften(path, 0)).toEqual([])
  })

  test.concurrent('T51: loses nothing while another process keeps the store open', async () => {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    const engine = await lmdb({ path })
    expect(await killOften(path, 1)).toEqual([])
    expect(await engine.create(record(7), null, NOW)).toMatchObject({ outcome: 'done' })
    await engine.close()
  })

  test('catches an engine that acknowledges before it has committed', async () => {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    const wrong: string[] = []
    for (let round = 1; round < 20 && wrong.length === 0; round++) {
      wrong.push(...(await killAll(path, [round], 'hasty')))
    }
    expect(wrong).not.toEqual([])
  })
})

describe('the check of a store for what is half done', () => {
  const [key, row] = [recordKey(record(1).id) ?? '', userKey('u_1')]

  /** A store of two sessions in which `work` has done something that no verb does. */
  async function faultsAfter(work: (tree: Tree, engine: Engine) => void): Promise<string[]> {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    const engine = await lmdb({ path })
    for (const number of [1, 2]) await engine.create(record(number), null, NOW)
    const tree = new Tree({ path, durability: 'commit', maxBytes: 2 ** 30 })
    await tree.transact(() => work(tree, engine))
    const faults = faultsOf(tree.latest())
    await Promise.all([tree.close(), engine.close()])
    return faults
  }

  test('finds nothing where nothing is wrong', async () => {
    expect(await faultsAfter(() => undefined)).toEqual([])
  })

  test.each([
    ['a record without its place in the index', (tree: Tree) => tree.remove(row)],
    ['an index that holds a session which is not stored', (tree: Tree) => tree.remove(key)],
    ['a record that is never due', (tree: Tree) => tree.remove(dueKey(record(1).expiresAt, record(1).id))],
    ['an entry of the due list too many', (tree: Tree) => tree.put(dueKey(5, record(1).id), Buffer.alloc(0))],
  ])('finds %s', async (_, work) => {
    expect((await faultsAfter(work)).length).toBeGreaterThan(0)
  })
})

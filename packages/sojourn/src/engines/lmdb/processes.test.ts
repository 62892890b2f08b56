import { open } from 'lmdb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine, SessionRecord } from '../../core/port.ts'
import { sampleUser } from '../../testing/sample.ts'
import { NOW, record } from '../record.test-support.ts'
import { type Child, type Children, COMPILE_MS, compileChildren } from './children.test-support.ts'
import { makeDirectory } from './lmdb.test-support.ts'
import { lmdb } from './lmdb.ts'
import { Tree } from './tree.ts'

let children: Children
beforeAll(async () => {
  children = await compileChildren()
}, COMPILE_MS)
afterAll(async () => children[Symbol.asyncDispose]())

/** Runs with an engine here and two processes beside it, on one new store. */
async function withPeers(
  work: (engine: Engine, peers: readonly [Child, Child], path: string) => Promise<void>,
  durability: 'fsync' | 'commit' = 'fsync',
): Promise<void> {
  await using directory = await makeDirectory()
  const path = `${directory.path}/store`
  const engine = await lmdb({ path, durability })
  const peers = [
    children.start('peer-child', path, durability),
    children.start('peer-child', path, durability),
  ] as const
  await Promise.all(peers.map((peer) => peer.says('ready')))
  try {
    await work(engine, peers, path)
  } finally {
    await Promise.all(peers.map((peer) => peer.kill()))
    await engine.close().catch(() => null)
  }
}

/** Lets the event loop turn once. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Reads a session all the time, so that a snapshot of it is there when another process tells that it has
 * ended it. What the engine, and a tree that keeps its snapshot, read in that very turn.
 */
async function endElsewhere(engine: Engine, peer: Child, watching: Tree, number: number) {
  const { id } = record(number)
  let isKnown = false
  const acknowledged = peer.does('end', { number }).then(() => {
    isKnown = true
  })
  let before = watching.get(`r${id}`)
  while (!isKnown) {
    await engine.read([id])
    before = watching.get(`r${id}`)
    await turn()
  }
  const after = watching.get(`r${id}`)
  const [session] = await engine.read([id])
  await acknowledged
  return { isLive: session?.ended === null, isAsBefore: before !== null && after?.equals(before) === true }
}

describe('several processes on one store', () => {
  test('T53: hold the limit per user together', () =>
    withPeers(async (engine, peers) => {
      const outcomes = await Promise.all(
        peers.map((peer, index) => peer.does('logIn', { first: index * 1_000, count: 500, max: 3 })),
      )
      const ended = outcomes.flat()
      expect(ended).not.toContain('refused')
      expect(new Set(ended).size).toBe(997)
      expect((await engine.list(sampleUser('u_1'), NOW)).length).toBe(3)
    }))

  test('T84: lease each record to one of them', () =>
    withPeers(async (engine, peers) => {
      const numbers = Array.from({ length: 300 }, (_, number) => number)
      await Promise.all(numbers.map((number) => engine.create(record(number, { userId: null }), null, NOW)))
      const leased = (await Promise.all(peers.map((peer) => peer.does('lease')))).flat()
      expect(leased.sort()).toEqual(numbers.map((number) => record(number).id))
    }))

  test('T51: see the end of a session as soon as it is acknowledged', () =>
    withPeers(async (engine, [peer], path) => {
      const watching = new Tree({ path, durability: 'fsync', maxBytes: 2 ** 30 })
      const seen = { engine: 0, snapshot: 0 }
      for (let number = 0; number < 100; number++) {
        await engine.create(record(number), null, NOW)
        const { isLive, isAsBefore } = await endElsewhere(engine, peer, watching, number)
        if (isLive) seen.engine += 1
        if (isAsBefore) seen.snapshot += 1
      }
      await watching.close()
      expect(seen.engine).toBe(0)
      // The broken twin: what lmdb alone would have read. With none of these the test proves nothing.
      expect(seen.snapshot).toBeGreaterThan(0)
    }))

  test.each(['fsync', 'commit'] as const)(
    'lose nothing while others open and close the store, with durability %s',
    (durability) =>
      withPeers(async (engine, peers) => {
        let session: SessionRecord = record(1)
        await engine.create(session, null, NOW)
        let isRunning = true
        const comings = Promise.all(peers.map((peer) => peer.does('comeAndGo', { count: 150 })))
        const stopped = comings.finally(() => {
          isRunning = false
        })
        while (isRunning) {
          session = { ...session, version: session.version + 1 }
          expect(await engine.replace(session, session.version - 1, NOW)).toEqual({ outcome: 'done' })
        }
        await stopped
        expect(session.version).toBeGreaterThan(50)
      }, durability),
  )

  test('T103: get the reader slot of a process that was killed', () =>
    withPeers(async (engine, [peer], path) => {
      await engine.create(record(1), null, NOW)
      expect(await peer.does('read', { number: 1 })).toEqual([1])
      const slots = open<Buffer, string>(path, { noSubdir: false, overlappingSync: false })
      const isListed = (): boolean => slots.readerList().includes(String(peer.pid))
      expect(isListed()).toBe(true)
      await peer.kill()
      await (await lmdb({ path })).close()
      expect(isListed()).toBe(false)
      await slots.close()
    }))
})

describe('several handles in one process', () => {
  test('one is opened while another writes, and neither waits for ever', async () => {
    await using directory = await makeDirectory()
    const child = children.start('opening-child', directory.path, '200')
    await child.gone
    expect(child.told).toEqual([{ written: expect.any(Number) }])
  })
})

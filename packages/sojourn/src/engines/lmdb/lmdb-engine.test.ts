import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  type Engine,
  LEASE_MS,
  LIFETIME_CEILING_MS,
  NEVER,
  USER_CEILING,
  type UserLimit,
} from '../../core/port.ts'
import { sampleUser } from '../../testing/sample.ts'
import { MINUTE, NOW, record } from '../record.test-support.ts'
import { cutOffKey, FORGET, recordKey, userKey } from './keys.ts'
import { makeDirectory } from './lmdb.test-support.ts'
import { lmdb } from './lmdb.ts'
import { Tree } from './tree.ts'

const KEY = recordKey(record(1).id) ?? ''

/** Opens the store below the engine, as a tool for repair would. */
async function inTree<T>(path: string, work: (tree: Tree) => T): Promise<T> {
  const tree = new Tree({ path, durability: 'commit', maxBytes: 2 ** 30 })
  try {
    return await tree.transact(() => work(tree))
  } finally {
    await tree.close()
  }
}

describe('the limit per user', () => {
  test.each(['endOldest', 'refuse'] as const)(
    'T53: holds under a thousand log-ins at once, with %s',
    async (whenFull) => {
      await using directory = await makeDirectory()
      const engine = await lmdb({ path: `${directory.path}/store` })
      const limit: UserLimit = { max: 3, whenFull, replaces: null }
      const created = await Promise.all(
        Array.from({ length: 1_000 }, (_, number) => engine.create(record(number), limit, NOW)),
      )
      expect((await engine.list(sampleUser('u_1'), NOW)).length).toBe(3)
      const done = created.flatMap((each) => (each.outcome === 'done' ? [each] : []))
      expect(done.length).toBe(whenFull === 'refuse' ? 3 : 1_000)
      expect(done.flatMap(({ ended }) => ended).length).toBe(done.length - 3)
      await engine.close()
    },
  )
})

describe('the limits of the store', () => {
  test('T103: a user id that would not fit into a key is refused before anything is written', async () => {
    await using directory = await makeDirectory()
    const engine = await lmdb({ path: `${directory.path}/store` })
    const userId = 'u'.repeat(256)
    const refusal = { code: 'INVALID_ARGUMENT' }
    await expect(engine.create(record(1, { userId }), null, NOW)).rejects.toMatchObject(refusal)
    await expect(engine.list(sampleUser(userId), NOW)).rejects.toMatchObject(refusal)
    await expect(engine.endUser(sampleUser(userId), 'admin', NOW, null)).rejects.toMatchObject(refusal)
    expect(await engine.read([record(1).id, 'x'.repeat(5_000), 'é'.repeat(16), ''])).toEqual([
      null,
      null,
      null,
      null,
    ])
    expect(await engine.end('x'.repeat(5_000), 'logout', NOW)).toBe(false)
    await engine.close()
  })

  test('T103, T85: data beyond maxBytes is refused, reads and ends go on, and ended data makes room', async () => {
    await using directory = await makeDirectory()
    const engine = await lmdb({ path: `${directory.path}/store`, maxBytes: 2 ** 20 })
    const data = new Uint8Array(30_000)
    let count = 0
    const createUntilFull = async (): Promise<unknown> => {
      for (;;) await engine.create(record(count++, { userId: null, data }), null, NOW)
    }
    await expect(createUntilFull()).rejects.toMatchObject({
      code: 'STORE_FULL',
      message: expect.stringMatching(/maxBytes/),
    })
    expect(count).toBeGreaterThan(20)
    expect((await engine.read([record(0).id]))[0]?.data).toHaveLength(30_000)
    for (let number = 0; number < 10; number++) {
      expect(await engine.touch(record(number).id, NOW + 1, NOW + MINUTE + 1)).toBe(true)
      expect(await engine.end(record(number).id, 'logout', NOW + 2)).toBe(true)
      await engine.settle([record(number).id], null)
    }
    expect(await engine.create(record(999, { data }), null, NOW)).toMatchObject({ outcome: 'done' })
    await engine.close()
  })

  test('T103: a read beyond the reader slots is an error that says so, until a slot is free', async () => {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    const engines: Engine[] = []
    const openUntilFull = async (): Promise<void> => {
      for (;;) {
        engines.push(await lmdb({ path }))
        await engines.at(-1)?.read([record(1).id])
      }
    }
    const crowded = { code: 'ENGINE_UNAVAILABLE', message: expect.stringMatching(/reader slot/) }
    await expect(openUntilFull()).rejects.toMatchObject(crowded)
    expect(engines.length).toBeGreaterThan(1_000)
    await engines.shift()?.close()
    expect(await engines.at(-1)?.read([record(1).id])).toEqual([null])
    await Promise.all(engines.map((engine) => engine.close()))
  })
})

describe('T46: an instant that is none', () => {
  test.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])('is refused: %s', async (wrong) => {
    await using directory = await makeDirectory()
    const engine = await lmdb({ path: `${directory.path}/store` })
    await engine.create(record(1), null, NOW)
    const { id } = record(1)
    for (const call of [
      () => engine.touch(id, wrong, NOW + MINUTE),
      () => engine.touch(id, NOW, wrong),
      () => engine.end(id, 'logout', wrong),
      () => engine.endUser(sampleUser('u_1'), 'admin', wrong, null),
      () => engine.due(wrong, 1),
      () => engine.settle([id], wrong),
      () => engine.create(record(2, { expiresAt: wrong }), null, NOW),
      () => engine.replace(record(1, { version: 2, expiresAt: wrong }), 1, NOW),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(await engine.list(sampleUser('u_1'), NOW)).toMatchObject([{ version: 1, expiresAt: NOW + MINUTE }])
    await engine.close()
  })
})

describe('a record that is damaged', () => {
  /** A store of three sessions of which the first cannot be read. */
  async function damaged(path: string) {
    const engine = await lmdb({ path })
    for (const number of [1, 2, 3]) await engine.create(record(number), null, NOW)
    await inTree(path, (tree) => tree.put(KEY, Buffer.from('not a record')))
    return engine
  }

  test('is an error when it is read, and stays as it is', async () => {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    const engine = await damaged(path)
    const unreadable = { code: 'RECORD_UNREADABLE' }
    await expect(engine.read([record(1).id])).rejects.toMatchObject(unreadable)
    await expect(engine.touch(record(1).id, NOW, NOW + 1)).rejects.toMatchObject(unreadable)
    await expect(engine.end(record(1).id, 'admin', NOW)).rejects.toMatchObject(unreadable)
    await expect(engine.create(record(1), null, NOW)).rejects.toMatchObject(unreadable)
    expect(await inTree(path, (tree) => tree.get(KEY)?.toString())).toBe('not a record')
    expect(await engine.read([record(2).id])).toMatchObject([{ id: record(2).id }])
    await engine.close()
  })

  test('does not hold up the end of the user’s other sessions', async () => {
    await using directory = await makeDirectory()
    const engine = await damaged(`${directory.path}/store`)
    expect(await engine.endUser(sampleUser('u_1'), 'admin', NOW, null)).toEqual([record(2).id, record(3).id])
    await expect(engine.settle([record(1).id, record(2).id], null)).rejects.toMatchObject({
      code: 'RECORD_UNREADABLE',
    })
    expect(await engine.read([record(2).id])).toEqual([null])
    await engine.close()
  })

  test('does not hold up what is due behind it', async () => {
    await using directory = await makeDirectory()
    const engine = await damaged(`${directory.path}/store`)
    expect((await engine.due(NOW + MINUTE, 10)).map(({ id }) => id)).toEqual([record(2).id, record(3).id])
    expect(await engine.due(NOW + MINUTE + LEASE_MS, 1)).toMatchObject([{ id: record(2).id }])
    await engine.close()
  })
})

test('T52: an earlier cut-off stays final for a session that a later one excepts', async () => {
  await using directory = await makeDirectory()
  const path = `${directory.path}/store`
  const engine = await lmdb({ path })
  await engine.create(record(1), null, NOW)
  await inTree(path, (tree) => tree.remove(userKey('u_1')))
  await engine.endUser(sampleUser('u_1'), 'admin', NOW + 1, null)
  await engine.endUser(sampleUser('u_1'), 'revoked', NOW + 2, record(1).id)
  expect(await engine.read([record(1).id])).toMatchObject([{ ended: { at: NOW + 1, reason: 'admin' } }])
  await engine.close()
})

test('a tombstone that is kept stays as it is when endUser excepts it', async () => {
  await using directory = await makeDirectory()
  const engine = await lmdb({ path: `${directory.path}/store` })
  await engine.create(record(1), null, NOW)
  await engine.end(record(1).id, 'logout', NOW)
  await engine.settle([record(1).id], NOW + MINUTE)
  await engine.endUser(sampleUser('u_1'), 'admin', NOW, record(1).id)
  expect(await engine.due(NOW + MINUTE - 1, 1)).toEqual([])
  expect(await engine.due(NOW + MINUTE, 1)).toMatchObject([{ ended: { at: NOW, reason: 'logout' } }])
  await engine.close()
})

test('endUser takes no text that cannot be an id for an exception', async () => {
  await using directory = await makeDirectory()
  const engine = await lmdb({ path: `${directory.path}/store` })
  const id = 'AAAAAAAAAAAAAAAA'
  for (const except of ['\u0141AAAAAAAAAAAAAAA', 'x'.repeat(5_000), '']) {
    await engine.create(record(1, { id }), null, NOW)
    expect(await engine.endUser(sampleUser('u_1'), 'admin', NOW + 1, except)).toEqual([id])
    await engine.settle([id], null)
  }
  await engine.close()
})

test('what comes due at the end of time can be leased', async () => {
  await using directory = await makeDirectory()
  const engine = await lmdb({ path: `${directory.path}/store` })
  await engine.create(record(1, { expiresAt: NEVER - 1, absoluteAt: NEVER }), null, NOW)
  expect(await engine.due(NEVER - 1, 1)).toMatchObject([{ id: record(1).id }])
  expect(await engine.due(NEVER - 1, 1)).toEqual([])
  await engine.close()
})

test('a cut-off is forgotten when nothing from before it can live, and not a moment earlier', async () => {
  await using directory = await makeDirectory()
  const path = `${directory.path}/store`
  const engine = await lmdb({ path })
  for (const at of [NOW, NOW + 1]) await engine.endUser(sampleUser('u_1'), 'admin', at, null)
  const cutOffs = () =>
    inTree(path, (tree) => [
      tree.get(cutOffKey('u_1')) !== null,
      tree.keys(FORGET.first, FORGET.end, 10).length,
    ])
  await engine.due(NOW + LIFETIME_CEILING_MS, 10)
  expect(await cutOffs()).toEqual([true, 1])
  await engine.due(NOW + 1 + LIFETIME_CEILING_MS, 10)
  expect(await cutOffs()).toEqual([false, 0])
  await engine.close()
})

test('nothing is left behind by sessions that came and went', async () => {
  await using directory = await makeDirectory()
  const path = `${directory.path}/store`
  const engine = await lmdb({ path })
  const count = USER_CEILING
  await Promise.all(Array.from({ length: count }, (_, number) => engine.create(record(number), null, NOW)))
  await engine.end(record(0).id, 'logout', NOW)
  await engine.endUser(sampleUser('u_1'), 'admin', NOW, null)
  const due = await engine.due(NOW, 2 * count)
  await Promise.all(due.map(({ id }) => engine.settle([id], null)))
  await engine.due(NOW + LIFETIME_CEILING_MS, 1)
  expect(await inTree(path, (tree) => tree.keys('\0', '\xff', 10))).toEqual(['f'])
  await engine.close()
})

test('T98: what an error tells holds neither data nor digests', async () => {
  await using directory = await makeDirectory()
  const path = `${directory.path}/store`
  const engine = await lmdb({ path })
  const data = randomBytes(40)
  await engine.create(record(1, { data }), null, NOW)
  await inTree(path, (tree) => tree.put(KEY, Buffer.concat([Buffer.alloc(12), data, data, data])))
  const error: unknown = await engine.read([record(1).id]).catch((each: unknown) => each)
  const told = JSON.stringify(error, Object.getOwnPropertyNames(error))
  for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
    expect(told).not.toContain(data.toString(encoding))
  }
  await engine.close()
})

test('close waits for a due that needs several transactions, and then refuses everything', async () => {
  await using directory = await makeDirectory()
  const engine = await lmdb({ path: `${directory.path}/store` })
  await Promise.all(Array.from({ length: 500 }, (_, number) => engine.create(record(number), null, NOW)))
  const due = engine.due(NOW + MINUTE, 500)
  // It has begun once it has looked at the list, which takes no transaction.
  await new Promise((resolve) => setImmediate(resolve))
  await engine.close()
  expect((await due).length).toBe(500)
  await expect(engine.close()).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  await expect(engine.due(NOW, 1)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
})

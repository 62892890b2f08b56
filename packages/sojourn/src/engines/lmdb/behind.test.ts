import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { sampleUser } from '../../testing/sample.ts'
import { NOW, record } from '../record.test-support.ts'
import { recordKey } from './keys.ts'
import { makeDirectory } from './lmdb.test-support.ts'
import { lmdb } from './lmdb.ts'
import { Tree } from './tree.ts'

/*
 * A process that opens the store can set LMDB's "last commit" back by one (docs/decisions/0012): it reads the
 * number, another process commits, and it writes the number that it had read. Here that number is set back in
 * the lock file, which LMDB maps, by a process of its own: opening and closing the file in this one would drop
 * its locks.
 */
const SET_BACK = `
  const { openSync, readSync, writeSync } = require('node:fs')
  const file = openSync(process.argv[1], 'r+')
  const number = Buffer.alloc(8)
  readSync(file, number, 0, 8, 8)
  number.writeBigUInt64LE(number.readBigUInt64LE() - 1n)
  writeSync(file, number, 0, 8, 8)`

async function setBack(path: string): Promise<void> {
  await promisify(execFile)(process.execPath, ['-e', SET_BACK, `${path}/lock.mdb`])
}

describe('after the last commit was taken back by a process that opened the store', () => {
  test('a write finds out, and neither loses it nor writes over it', async () => {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    const engine = await lmdb({ path })
    for (const number of [1, 2]) await engine.create(record(number), null, NOW)
    await setBack(path)
    const later = [3, 4, 5].map((number) => engine.create(record(number), null, NOW))
    expect((await Promise.all(later)).map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done'])
    expect((await engine.list(sampleUser('u_1'), NOW)).length).toBe(5)
    await engine.close()
  })

  test('whoever opens the store next puts it right', async () => {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    const engine = await lmdb({ path })
    for (const number of [1, 2]) await engine.create(record(number), null, NOW)
    await setBack(path)
    await engine.close()
    const next = await lmdb({ path })
    expect((await next.list(sampleUser('u_1'), NOW)).length).toBe(2)
    await next.close()
  })

  test('LMDB alone loses it: this is the broken twin', async () => {
    await using directory = await makeDirectory()
    const path = `${directory.path}/store`
    const engine = await lmdb({ path })
    for (const number of [1, 2]) await engine.create(record(number), null, NOW)
    await setBack(path)
    const tree = new Tree({ path, durability: 'fsync', maxBytes: 2 ** 30 })
    await tree.transact(() => tree.put('x', Buffer.of(1)))
    expect(tree.latest().get(recordKey(record(1).id) ?? '')).not.toBeNull()
    expect(tree.latest().get(recordKey(record(2).id) ?? '')).toBeNull()
    await Promise.all([tree.close(), engine.close()])
  })
})

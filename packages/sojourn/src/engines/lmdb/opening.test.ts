import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  rename,
  statfs,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { geteuid } from 'node:process'
import { open } from 'lmdb'
import { describe, expect, test } from 'vitest'
import { sampleUser } from '../../testing/sample.ts'
import { NOW, record } from '../record.test-support.ts'
import { secureDirectory } from './directory.ts'
import { FORMAT_KEY } from './keys.ts'
import { makeDirectory } from './lmdb.test-support.ts'
import { lmdb } from './lmdb.ts'
import { Tree } from './tree.ts'

const refused = (what: RegExp) => ({ code: 'STORE_REFUSED', message: expect.stringMatching(what) })

async function modeOf(path: string): Promise<string> {
  return ((await lstat(path)).mode & 0o777).toString(8)
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

/** A store with a hundred sessions in it, closed. */
async function fill(path: string): Promise<void> {
  const engine = await lmdb({ path })
  await Promise.all(Array.from({ length: 100 }, (_, number) => engine.create(record(number), null, NOW)))
  await engine.close()
}

/** Opening is refused with these words, and the data file stays as it is. */
async function isRefused(path: string, what: RegExp): Promise<void> {
  const file = join(path, 'data.mdb')
  const before = await digestOf(file)
  await expect(lmdb({ path })).rejects.toMatchObject(refused(what))
  expect(await digestOf(file)).toBe(before)
}

describe('what the store makes', () => {
  test.each([0, 0o022, 0o777])('T99: is 0700 and 0600 under umask %i', async (umask) => {
    await using directory = await makeDirectory()
    const path = join(directory.path, 'deep', 'store')
    await mkdir(join(directory.path, 'deep'), { mode: 0o700 })
    const before = process.umask(umask)
    try {
      const engine = await lmdb({ path })
      await engine.create(record(1), null, NOW)
      await engine.close()
    } finally {
      process.umask(before)
    }
    const modes = [path, join(path, 'data.mdb'), join(path, 'lock.mdb')].map(modeOf)
    expect(await Promise.all(modes)).toEqual(['700', '600', '600'])
  })

  test('T99: is whole again after a file was lost, with the same modes', async () => {
    await using directory = await makeDirectory()
    await chmod(directory.path, 0o700)
    await fill(directory.path)
    await rename(join(directory.path, 'lock.mdb'), join(directory.path, 'elsewhere'))
    const engine = await lmdb({ path: directory.path })
    expect((await engine.list(sampleUser('u_1'), NOW)).length).toBe(100)
    await engine.close()
    expect(await modeOf(join(directory.path, 'lock.mdb'))).toBe('600')
  })
})

describe('it is refused', () => {
  test.each([0o755, 0o770, 0o701, 0o720])('T100, T161.18: to open a directory of mode %i', async (mode) => {
    await using directory = await makeDirectory()
    await chmod(directory.path, mode)
    const words = new RegExp(`mode 0${mode.toString(8)}.*chmod 0700`)
    await expect(lmdb({ path: directory.path })).rejects.toMatchObject(refused(words))
  })

  test.each(['data.mdb', 'lock.mdb'])('T100: to open a store whose %s others can reach', async (name) => {
    await using directory = await makeDirectory()
    await fill(directory.path)
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(join(directory.path, name), mode)
      await isRefused(directory.path, /chmod 0600/)
    }
  })

  test('T100, T161.18: to follow a link to a directory, or to a file in it', async () => {
    await using directory = await makeDirectory()
    const [store, link] = [join(directory.path, 'store'), join(directory.path, 'link')]
    await fill(store)
    await symlink(store, link)
    await expect(lmdb({ path: link })).rejects.toMatchObject(refused(/is not a directory/))
    for (const name of ['data.mdb', 'lock.mdb']) {
      await rename(join(store, name), join(directory.path, name))
      await symlink(join(directory.path, name), join(store, name))
      await expect(lmdb({ path: store })).rejects.toMatchObject(refused(/is not a plain file/))
      await rename(join(directory.path, name), join(store, name))
    }
  })

  test('T100, T161.18: to open what belongs to somebody else', async () => {
    await using directory = await makeDirectory()
    const [store, isRoot] = [join(directory.path, 'store'), geteuid?.() === 0]
    await mkdir(store, { mode: 0o700 })
    // Root may give a directory away. Others find one of root's that they may enter.
    if (isRoot) await chown(store, 12_345, 12_345)
    const path = isRoot ? store : '/usr'
    await expect(lmdb({ path })).rejects.toMatchObject(refused(/belongs to user/))
  })

  test('T100: to open a store on a network file system', async () => {
    await using directory = await makeDirectory()
    const { type } = await statfs(directory.path)
    await expect(secureDirectory(directory.path)).resolves.toBeUndefined()
    const networks = new Map([[type, 'NFS']])
    await expect(secureDirectory(directory.path, networks)).rejects.toMatchObject(refused(/lies on NFS/))
  })

  test('to make a store where a file is, or below one', async () => {
    await using directory = await makeDirectory()
    const file = join(directory.path, 'file')
    await writeFile(file, 'mine')
    await expect(lmdb({ path: file })).rejects.toMatchObject(refused(/is not a directory/))
    await expect(lmdb({ path: join(file, 'below') })).rejects.toMatchObject(refused(/cannot be made/))
    expect(await readFile(file, 'utf8')).toBe('mine')
  })

  test('T76: with no error that a framework takes for "absent"', async () => {
    await using directory = await makeDirectory()
    const dangling = join(directory.path, 'dangling')
    await symlink(join(directory.path, 'nowhere', 'at-all'), dangling)
    for (const path of [dangling, join(dangling, 'store')]) {
      const error: unknown = await lmdb({ path }).catch((each: unknown) => each)
      expect(error).toMatchObject({ code: 'STORE_REFUSED' })
      expect(error).not.toMatchObject({ cause: { code: 'ENOENT' } })
    }
  })
})

describe('T101: a data file is refused and left as it is', () => {
  test('when it is no LMDB file', async () => {
    await using directory = await makeDirectory()
    await writeFile(join(directory.path, 'data.mdb'), 'not a database\n'.repeat(2_000), { mode: 0o600 })
    await isRefused(directory.path, /is no LMDB file/)
  })

  test('when it is shorter than the two pages that every store has', async () => {
    await using directory = await makeDirectory()
    await writeFile(join(directory.path, 'data.mdb'), 'short', { mode: 0o600 })
    await isRefused(directory.path, /cut short/)
  })

  test('when it is of another format of LMDB', async () => {
    await using directory = await makeDirectory()
    await fill(directory.path)
    const bytes = await readFile(join(directory.path, 'data.mdb'))
    bytes.writeUInt32LE(1, 28)
    await writeFile(join(directory.path, 'data.mdb'), bytes)
    await isRefused(directory.path, /LMDB file of format 1/)
  })

  test('when it holds the data of another application', async () => {
    await using directory = await makeDirectory()
    const other = open<string, string>(directory.path, { noSubdir: false, overlappingSync: false })
    await other.put('colour', 'green')
    await other.close()
    for (const name of ['data.mdb', 'lock.mdb']) await chmod(join(directory.path, name), 0o600)
    await isRefused(directory.path, /something else than sessions/)
  })

  test('when a newer release wrote it', async () => {
    await using directory = await makeDirectory()
    await fill(directory.path)
    const tree = new Tree({ path: directory.path, durability: 'fsync', maxBytes: 2 ** 30 })
    await tree.transact(() => tree.put(FORMAT_KEY, Buffer.of(2)))
    await tree.close()
    await isRefused(directory.path, /format 2.*knows format 1/)
  })

  test('when it was cut short by as little as a page', async () => {
    await using directory = await makeDirectory()
    await fill(directory.path)
    const file = join(directory.path, 'data.mdb')
    const { size } = await lstat(file)
    for (const left of [size - 4_096, Math.floor(size / 2), 3 * 4_096, 8_191, 100]) {
      await truncate(file, left)
      await isRefused(directory.path, /cut short/)
    }
  })

  test('but not when the pages at its end are such as LMDB took and gave back, and never wrote', async () => {
    await using directory = await makeDirectory()
    await fill(directory.path)
    const file = join(directory.path, 'data.mdb')
    const bytes = await readFile(file)
    for (const meta of [0, 4_096]) {
      bytes.writeBigUInt64LE(bytes.readBigUInt64LE(meta + 144) + 3n, meta + 144)
    }
    await writeFile(file, bytes)
    for (const number of [1_001, 1_002]) {
      const engine = await lmdb({ path: directory.path })
      expect((await engine.list(sampleUser('u_1'), NOW)).length).toBeGreaterThanOrEqual(100)
      expect(await engine.create(record(number), null, NOW)).toMatchObject({ outcome: 'done' })
      await engine.close()
    }
    await truncate(file, 4 * 4_096)
    await isRefused(directory.path, /cut short/)
  })

  test('and a whole copy that is put back is opened', async () => {
    await using directory = await makeDirectory()
    await fill(directory.path)
    const file = join(directory.path, 'data.mdb')
    const whole = await readFile(file)
    await truncate(file, whole.byteLength / 2)
    await expect(lmdb({ path: directory.path })).rejects.toMatchObject(refused(/cut short/))
    await writeFile(file, whole)
    const engine = await lmdb({ path: directory.path })
    expect((await engine.list(sampleUser('u_1'), NOW)).length).toBe(100)
    await engine.close()
  })
})

test('a store that could not be opened can be opened once that is corrected', async () => {
  await using directory = await makeDirectory()
  await chmod(directory.path, 0o755)
  await expect(lmdb({ path: directory.path })).rejects.toMatchObject({ code: 'STORE_REFUSED' })
  await chmod(directory.path, 0o700)
  const engine = await lmdb({ path: directory.path })
  await engine.create(record(1), null, NOW)
  await engine.close()
})

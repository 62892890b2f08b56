import { join, sep } from 'node:path'
import { expect, test } from 'vitest'
import { lmdb } from './lmdb.ts'
import { checkOptions, type LmdbOptions } from './lmdb-options.ts'

const wrongly = (options: unknown): LmdbOptions => Object.assign(Object.create(null), options)

test('only a path is needed: durable, up to 64 GiB, and absolute from here on', () => {
  const { path, durability, maxBytes } = checkOptions({ path: join('data', 'sessions') })
  expect(path.startsWith(sep)).toBe(true)
  expect({ durability, maxBytes }).toEqual({ durability: 'fsync', maxBytes: 2 ** 36 })
})

test.each([
  ['no path', {}],
  ['an empty path', { path: '' }],
  ['a path that is no text', { path: 7 }],
  ['a path with a NUL', { path: 'a\0b' }],
  ['another durability', { path: 'a', durability: 'none' }],
  ['a size that is no number', { path: 'a', maxBytes: '1GB' }],
  ['a size below a mebibyte', { path: 'a', maxBytes: 1_000 }],
  ['an unknown option', { path: 'a', sync: false }],
])('%s is refused before anything is opened', async (_, options) => {
  await expect(lmdb(wrongly(options))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

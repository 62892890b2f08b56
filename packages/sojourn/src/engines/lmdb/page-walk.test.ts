import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NOW, record } from '../record.test-support.ts'
import { makeDirectory } from './lmdb.test-support.ts'
import { lmdb } from './lmdb.ts'
import { liesWithin } from './page-walk.ts'

const PAGE = 4_096
const ROUNDS = [0, 1, 2, 3]

/** What LMDB says of the store in its newer meta page. */
interface Said {
  readonly pages: number
  readonly roots: readonly number[]
  /** Branches and leaves of both trees. */
  readonly inTrees: number
}

function saidIn(file: Buffer): Said {
  const number = (at: number) => Number(file.readBigUInt64LE(at))
  const meta = number(152) > number(PAGE + 152) ? 0 : PAGE
  const trees = [meta + 48, meta + 96]
  const inTrees = trees.reduce((sum, tree) => sum + number(tree + 8) + number(tree + 16), 0)
  return { pages: number(meta + 144) + 1, roots: trees.map((tree) => number(tree + 40)), inTrees }
}

/** Small and large sessions come, and most of them go. */
async function fill(path: string, round: number): Promise<void> {
  const made = Array.from({ length: 200 }, (_, index) => ({
    ...record(round * 1_000 + index),
    data: Buffer.alloc(index * 80, 1),
  }))
  const ids = made.slice(0, 150).map(({ id }) => id)
  const engine = await lmdb({ path })
  await Promise.all(made.map((each) => engine.create(each, null, NOW)))
  await Promise.all(ids.map((id) => engine.end(id, 'logout', NOW)))
  await engine.settle(ids, null)
  await engine.close()
}

describe('a walk over the pages of a store', () => {
  test('sees each page that LMDB counts in its trees, once, and finds the last that holds something', async () => {
    await using directory = await makeDirectory()
    for (const round of ROUNDS) {
      await fill(directory.path, round)
      const file = await readFile(join(directory.path, 'data.mdb'))
      const { pages, roots, inTrees } = saidIn(file)
      const seen: number[] = []
      const within = (count: number): boolean =>
        liesWithin(count, roots, (page) => {
          seen.push(page)
          return file.subarray(page * PAGE, (page + 1) * PAGE)
        })
      expect(within(pages)).toBe(true)
      expect(new Set(seen).size).toBe(inTrees)
      expect(seen).toHaveLength(inTrees)
      // Freed pages at the end may be missing, and then none is missing.
      let least = pages
      while (within(least - 1)) least -= 1
      expect(least).toBeGreaterThan(pages / 2)
      expect(within(Math.floor(pages / 2))).toBe(false)
    }
  })

  test('does not take for whole what it cannot read, or what leads to itself', () => {
    const nothing = Buffer.alloc(PAGE)
    expect(liesWithin(9, [2], () => nothing)).toBe(false)
    const circle = Buffer.alloc(PAGE)
    circle.writeUInt16LE(1, 18)
    circle.writeUInt16LE(2, 20)
    circle.writeUInt16LE(100, 24)
    circle.writeUIntLE(2, 124, 6)
    expect(liesWithin(9, [2], () => circle)).toBe(false)
    const outside = Buffer.from(circle).fill(255, 24, 26)
    expect(liesWithin(9, [2], () => outside)).toBe(false)
  })

  test('sees nothing in a store without trees', () => {
    expect(liesWithin(2, [2 ** 64, 2 ** 64], () => Buffer.alloc(0))).toBe(true)
  })
})

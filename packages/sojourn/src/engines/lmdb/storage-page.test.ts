import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { UserLimit } from '../../core/port.ts'
import { MINUTE, NOW, record } from '../record.test-support.ts'
import { replace, touch } from './change.ts'
import { create } from './create.ts'
import { isAnythingDue, lease } from './due.ts'
import { end, endUser, settle } from './end.ts'
import type { KeyValue } from './key-value.ts'
import type { Key } from './keys.ts'
import { makeDirectory } from './lmdb.test-support.ts'
import { scan } from './scan.ts'
import { draftOf, find } from './stored.ts'
import { Tree } from './tree.ts'

const PAGE = join(import.meta.dirname, '../../../../../docs/storage/lmdb.md')
const SECTION = 'What each verb does'
const ROW = /^\| (`[a-zU]+`.*?) \| ([^|]*) \| ([^|]*) \|$/

/** A tree that notes which kinds of rows are written. */
class Noting implements KeyValue {
  readonly puts = new Set<string>()
  readonly removes = new Set<string>()
  readonly #tree: KeyValue

  constructor(tree: KeyValue) {
    this.#tree = tree
  }

  get(key: Key): Buffer | null {
    return this.#tree.get(key)
  }

  keys(first: Key, after: Key, limit: number): Key[] {
    return this.#tree.keys(first, after, limit)
  }

  put(key: Key, value: Buffer): void {
    this.puts.add(key.slice(0, 1))
    this.#tree.put(key, value)
  }

  remove(key: Key): void {
    this.removes.add(key.slice(0, 1))
    this.#tree.remove(key)
  }
}

type Work = (store: KeyValue) => unknown
const { id } = record(1)
const one: UserLimit = { max: 1, whenFull: 'endOldest', replaces: null }
const full: UserLimit = { max: 1, whenFull: 'refuse', replaces: null }
const make =
  (number: number, limit: UserLimit | null = null, fields = {}): Work =>
  (store) =>
    create(store, draftOf(record(number, fields)), limit, NOW)
const cut =
  (at: number): Work =>
  (store) =>
    endUser(store, 'u_1', { at, reason: 'admin', except: null })
const change =
  (expiresAt: number, expected = 1): Work =>
  (store) =>
    replace(store, draftOf(record(1, { version: 9, seenAt: NOW + 1, expiresAt })), expected, NOW)
const finish: Work = (store) => end(store, id, 'logout', NOW)
const look =
  (now: number): Work =>
  (store) =>
    isAnythingDue(store, now) ? lease(store, now, 10) : []

/** For each line of the page: what happens before, and the calls of which what they write is noted. */
const LINES: Readonly<
  Record<string, { readonly before?: readonly Work[]; readonly calls: readonly Work[] }>
> = {
  '`read`, `list`, `scan`': {
    before: [make(1)],
    calls: [(store) => find(store, id), (store) => scan(store, null, 10)],
  },
  '`create`': { before: [make(2)], calls: [make(1)] },
  '`create`, anonymous': { calls: [make(1, one, { userId: null })] },
  '`create` beyond the limit: also what it ends': { before: [make(2)], calls: [make(1, one)] },
  '`create` before the user’s cut-off, which gives way': { before: [cut(NOW + 1)], calls: [make(1)] },
  '`create` that is refused, or of an id that exists': { before: [make(1)], calls: [make(1), make(2, full)] },
  '`replace`': { before: [make(1)], calls: [change(NOW + 2 * MINUTE)] },
  '`replace` with an earlier deadline': { before: [make(1)], calls: [change(NOW + 1)] },
  '`replace` that is in conflict, or gone': {
    before: [make(1)],
    calls: [change(NOW + MINUTE, 7), (store) => replace(store, draftOf(record(3, { version: 2 })), 1, NOW)],
  },
  '`touch`': { before: [make(1)], calls: [(store) => touch(store, id, NOW + 1, NOW + 2 * MINUTE)] },
  '`touch` that moves nothing, or is false': {
    before: [make(1)],
    calls: [(store) => touch(store, id, NOW, NOW), (store) => touch(store, record(2).id, NOW, NOW)],
  },
  '`end`': { before: [make(1), make(2)], calls: [finish] },
  '`end` of a user’s last session': { before: [make(1)], calls: [finish] },
  '`end` that is false': { before: [make(1), finish], calls: [finish] },
  '`endUser`': { before: [make(1), make(2)], calls: [cut(NOW)] },
  '`endUser` once more, later': { before: [make(1), cut(NOW)], calls: [cut(NOW + 1)] },
  '`due`, for each record that it leases': { before: [make(1), finish], calls: [look(NOW + MINUTE)] },
  '`due`, for each expired session that it ends as well': {
    before: [make(1), make(2, null, { expiresAt: NOW + 2 * MINUTE })],
    calls: [look(NOW + MINUTE)],
  },
  '`due`, for a user’s last session that it ends': { before: [make(1)], calls: [look(NOW + MINUTE)] },
  '`due`, for each record whose deadline a touch had moved': {
    before: [make(1), (store) => touch(store, id, NOW, NOW + 2 * MINUTE)],
    calls: [look(NOW + MINUTE)],
  },
  '`due` when nothing is': { before: [make(1)], calls: [look(NOW)] },
  '`settle`, forgetting': { before: [make(1), finish], calls: [(store) => settle(store, [id], null)] },
  '`settle`, keeping': { before: [make(1), finish], calls: [(store) => settle(store, [id], NOW + MINUTE)] },
}

/** What the page says of each line: the letters of the rows that are put and removed. */
function pageLines(): Map<string, string> {
  const section =
    readFileSync(PAGE, 'utf8')
      .split(/^## /m)
      .find((part) => part.startsWith(SECTION)) ?? ''
  const lines = section.replaceAll("'", '’').split('\n')
  const rows = lines.flatMap((line) => ROW.exec(line) ?? [])
  const chunks = Array.from({ length: rows.length / 4 }, (_, row) => rows.slice(row * 4 + 1, row * 4 + 4))
  return new Map(chunks.map(([line = '', puts = '', removes = '']) => [line, `${puts} | ${removes}`]))
}

const lettersOf = (rows: ReadonlySet<string>): string =>
  rows.size === 0
    ? '–'
    : [...rows]
        .sort()
        .map((each) => `\`${each}\``)
        .join(' ')

test('docs/storage/lmdb.md names each case that is played here, and no other', () => {
  expect([...pageLines().keys()]).toEqual(Object.keys(LINES))
})

test.each(Object.keys(LINES))('docs/storage/lmdb.md says what is written by %s', async (line) => {
  await using directory = await makeDirectory()
  const tree = new Tree({ path: directory.path, durability: 'commit', maxBytes: 2 ** 20 })
  const { before = [], calls } = LINES[line] ?? { calls: [] }
  await tree.transact(() => {
    for (const work of before) work(tree)
  })
  const noting = new Noting(tree)
  await tree.transact(() => {
    for (const work of calls) work(noting)
  })
  await tree.close()
  expect(`${lettersOf(noting.puts)} | ${lettersOf(noting.removes)}`).toBe(pageLines().get(line))
})

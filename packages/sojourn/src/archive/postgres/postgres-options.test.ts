import { describe, expect, test } from 'vitest'
import { ended, NOW, recording } from './places.test-support.ts'
import { postgres } from './postgres.ts'

const pool = { query: async () => ({ rows: [] }) }
const INVALID = { code: 'INVALID_ARGUMENT' }
const HOSTILE = [
  '',
  'Up',
  '1a',
  'a-b',
  'a.b',
  'a"b',
  "a'b",
  'a b',
  'ä',
  'a;',
  'a'.repeat(64),
  'a\0',
  '$sojourn$',
  7,
  null,
]

function caught(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test.each(HOSTILE)('T104: %j is the name of no schema and of no table', (name) => {
  for (const option of ['schema', 'table', 'checkpoints']) {
    expect(caught(() => Reflect.apply(postgres, null, [{ pool, [option]: name }]))).toMatchObject(INVALID)
  }
})

test.each(['a', '_', 'select', 'a_1', 'a'.repeat(63)])('T104: %s is a name, in quotes', (name) => {
  const sql = postgres({ pool, schema: name, table: name }).migrations().join()
  expect(sql).toContain(`"${name}"."${name}"`)
  expect(sql.replaceAll(`"${name}"`, '').replaceAll(`'${name}'`, '')).not.toMatch(
    new RegExp(`[^\\w]${name}\\.`),
  )
})

describe('T104: whatever the data is, the same text is sent', () => {
  const EVIL = `x'; DROP TABLE ended_sessions; -- $1 " $sojourn$`

  async function textsFor(evil: string, through = recording(pool)): Promise<readonly string[]> {
    const archive = postgres({ pool: through, checkpoints: true })
    const session = ended(1, { id: evil, userId: evil, json: JSON.stringify(evil) })
    await archive.write([session]).catch(() => undefined)
    await archive.write([session, session, session])
    await archive.checkpoint?.([{ ...session, version: 1, expiresAt: 1 }])
    await archive.history({ userId: evil, limit: 7, before: { id: evil, endedAt: NOW } })
    await archive.checkpoints?.({ userId: evil })
    await archive.erase(evil).catch(() => undefined)
    await archive.retain({ olderThan: 1, now: NOW }).catch(() => undefined)
    return through.sent.map(({ text }) => text)
  }

  test('and it holds nothing of it', async () => {
    const texts = await textsFor(EVIL)
    expect(texts).toEqual(await textsFor('a'))
    expect(texts.join()).not.toContain('DROP')
    expect(texts.length).toBeGreaterThanOrEqual(7)
  })

  test('a pool that puts values into the text is caught by the same', async () => {
    const joined = { query: async () => ({ rows: [] }) }
    const joining = recording(joined)
    const careless = {
      sent: joining.sent,
      query: (text: string, values: unknown[] = []) =>
        joining.query(text.replace('$1', `'${String(values[0])}'`), values),
    }
    expect((await textsFor(EVIL, careless)).join()).toContain('DROP')
  })
})

test.each([
  ['an unknown option', { pool, tabel: 'x' }],
  ['no pool', {}],
  ['another cut', { pool, partitions: 'day' }],
  ['two tables of one name', { pool, table: 'live_sessions', checkpoints: true }],
  ['the table of versions', { pool, table: 'sojourn_migrations' }],
  ['a name without room for its partitions', { pool, table: 'a'.repeat(56), partitions: 'month' }],
])('%s is refused at once', (_name, options) => {
  expect(caught(() => Reflect.apply(postgres, null, [options]))).toMatchObject(INVALID)
})

test.each([0, -1, 1.5, 10_001, Number.NaN])('a limit or a batch of %d is refused', async (number) => {
  const archive = postgres({ pool })
  await expect(archive.history({ userId: 'ada', limit: number })).rejects.toMatchObject(INVALID)
  await expect(archive.retain({ olderThan: 1, now: NOW, batch: number })).rejects.toMatchObject(INVALID)
})

test('an empty batch sends nothing', async () => {
  const sent = recording(pool)
  const archive = postgres({ pool: sent, checkpoints: true })
  await archive.write([])
  await archive.checkpoint?.([])
  expect(sent.sent).toEqual([])
})

test('a row that sojourn did not write is an error, not a session', async () => {
  const odd = postgres({ pool: { query: async () => ({ rows: [{ session_id: 7 }] }) } })
  await expect(odd.history({ userId: 'ada' })).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
})

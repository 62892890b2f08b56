import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { type PostgresServer, startPostgres } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ended, live, NOW, poolOf, recording } from './places.test-support.ts'
import { postgres } from './postgres.ts'
import type { PostgresArchive } from './postgres-archive.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../../../../docs/operations/postgres.md'), 'utf8')
/** The SQL of the page, by the comment that each block begins with. */
const BLOCKS = new Map(
  [...PAGE.matchAll(/```sql\n-- (.+)\n([^`]*)```/g)].map(([, name = '', sql = '']) => [name, sql]),
)
const block = (name: string) => BLOCKS.get(name) ?? `the page has no block ${name}`

const ROLES = ['migrator', 'writer', 'reader', 'eraser'] as const
type Role = (typeof ROLES)[number]

let server: PostgresServer
let pools: ReadonlyMap<Role | 'superuser', pg.Pool>
beforeAll(async () => {
  server = await startPostgres()
  const superuser = poolOf(server.url)
  await superuser.query(block('roles'))
  await superuser.query(block('logging'))
  const each = ROLES.map((role) => [role, poolOf(server.urlOf(`sojourn_${role}`))] as const)
  pools = new Map<Role | 'superuser', pg.Pool>([...each, ['superuser', superuser]])
  await as('migrator').migrate()
  await pools.get('migrator')?.query(block('rights'))
})
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.end()))
  await server.stop()
})

function poolFor(role: Role | 'superuser'): pg.Pool {
  const pool = pools.get(role)
  if (pool === undefined) throw new Error(role)
  return pool
}

function as(role: Role | 'superuser', checkpoints = false): PostgresArchive {
  return postgres({ pool: poolFor(role), checkpoints })
}

const LACKS = {
  code: 'ARCHIVE_UNAVAILABLE',
  message: expect.stringMatching(/lacks a right.*42501 insufficient_privilege/),
}
/** What an archive does, and who may. */
const ACTS: Readonly<Record<string, readonly [Role, (archive: PostgresArchive) => Promise<unknown>]>> = {
  write: ['writer', (archive) => archive.write([ended(1), ended(1), ended(2)])],
  history: ['reader', (archive) => archive.history({ userId: 'ada' })],
  erase: ['eraser', (archive) => archive.erase('nobody')],
  retain: ['eraser', (archive) => archive.retain({ olderThan: '400d', now: NOW })],
}

describe('T105: with the rights of docs/operations/postgres.md', () => {
  test.each(Object.entries(ACTS))('%s works for its role and for no less', async (_name, [role, act]) => {
    await act(as(role))
    await act(as(role))
    const others = ROLES.filter(
      (other) => other !== role && other !== 'migrator' && !(role === 'reader' && other === 'eraser'),
    )
    for (const other of others) await expect(act(as(other))).rejects.toMatchObject(LACKS)
  })

  test('migrate works for its role alone', async () => {
    await as('migrator').migrate()
    for (const role of ['writer', 'reader', 'eraser'] as const)
      await expect(as(role).migrate()).rejects.toMatchObject(LACKS)
  })

  test.each(['SELECT * FROM', 'DELETE FROM', 'TRUNCATE', 'DROP TABLE'])(
    'the writer is refused %s',
    async (verb) => {
      await expect(poolFor('writer').query(`${verb} sojourn.ended_sessions`)).rejects.toMatchObject({
        code: '42501',
      })
    },
  )

  test('a statement that names the target of its conflict is refused to the writer', async () => {
    const sent = recording(poolFor('superuser'))
    await postgres({ pool: sent }).write([ended(1)])
    const [{ text = '', values = [] } = {}] = sent.sent
    const named = text.replace('ON CONFLICT DO', 'ON CONFLICT (session_id) DO')
    await expect(poolFor('writer').query(named, [...values])).rejects.toMatchObject({ code: '42501' })
    await poolFor('writer').query(text, [...values])
  })

  test('checkpoints work with the rights for them, and not without', async () => {
    await as('migrator', true).migrate()
    await expect(as('writer', true).write([ended(3)])).rejects.toMatchObject(LACKS)
    await poolFor('migrator').query(block('rights with checkpoints'))
    await as('writer', true).checkpoint?.([live(4, 1), live(5, 1)])
    await as('writer', true).write([ended(4)])
    expect(await as('reader', true).checkpoints?.({ userId: 'ada' })).toHaveLength(1)
    expect(await as('eraser', true).erase('ada')).toBe(4)
    await as('eraser', true).retain({ olderThan: 1, now: NOW })
  })
})

test('T107: with the settings of the page the server’s log holds nothing of the data', async () => {
  const poison = ended(9, { json: '{"card":"MARK-4111\\u0000"}' })
  await expect(as('writer').write([poison])).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' })
  expect(server.log).not.toContain('MARK-4111')
  await expect(as('superuser').write([poison])).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' })
  expect(server.log).toContain('MARK-4111')
})

test('docs/operations/postgres.md prints what is sent, to the letter', async () => {
  const plain = recording({ query: async () => ({ rows: [{ count: '0' }] }) })
  const archive = postgres({ pool: plain })
  const full = recording({ query: async () => ({ rows: [{ count: '0' }] }) })
  const keeping = postgres({ pool: full, checkpoints: true })
  await archive.write([ended(1)]).catch(() => undefined)
  await archive.history({ userId: 'ada' }).catch(() => undefined)
  await archive.erase('ada')
  await archive.retain({ olderThan: 1, now: NOW })
  await keeping.checkpoint?.([live(1, 1)])
  await keeping.checkpoints?.({ userId: 'ada' }).catch(() => undefined)
  const [write, history, erase, retain] = plain.sent.map(({ text }) => text)
  const [checkpoint, checkpoints] = full.sent.map(({ text }) => text)
  const sent = {
    migrate: archive.migrations()[0],
    write,
    history,
    'erase, retain': `${erase};\n\n${retain}`,
    checkpoint,
    checkpoints,
  }
  for (const [name, text] of Object.entries(sent)) expect(block(name), name).toBe(`${text};\n`)
  const others = ['roles', 'rights', 'rights with checkpoints', 'logging']
  expect([...BLOCKS.keys()].sort()).toEqual([...Object.keys(sent), ...others].sort())
})

import type pg from 'pg'
import { type PostgresServer, startPostgres, startProxy, type TcpProxy } from 'sojourn-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended, freshSchema, idOf, openArchive, poolOf } from './places.test-support.ts'
import { postgres } from './postgres.ts'
import type { PostgresArchive } from './postgres-archive.ts'

const UNAVAILABLE = { code: 'ARCHIVE_UNAVAILABLE', message: expect.stringContaining('the connection failed') }

let server: PostgresServer
let proxy: TcpProxy
/** Through the proxy; the other one goes to the server itself. */
let far: pg.Pool
let near: pg.Pool
beforeAll(async () => {
  server = await startPostgres()
  proxy = await startProxy({ to: server })
  far = poolOf(server.url.replace(String(server.port), String(proxy.port)))
  near = poolOf(server.url)
})
afterAll(async () => {
  await Promise.all([far.end(), near.end()])
  await proxy.stop()
  await server.stop()
})

async function storedIn(schema: string): Promise<number> {
  const { rows } = await near.query(`SELECT count(*)::int AS count FROM "${schema}"."ended_sessions"`)
  return rows[0].count
}

test('a server that is away is unavailable, and then works again without a restart', async () => {
  const { archive } = await openArchive({ pool: near }, {}, far)
  await proxy.refuse(true)
  proxy.cut()
  await expect(archive.write([ended(1)])).rejects.toMatchObject(UNAVAILABLE)
  await expect(archive.history({ userId: 'ada' })).rejects.toMatchObject(UNAVAILABLE)
  await proxy.heal()
  await archive.write([ended(1)])
  expect(await archive.history({ userId: 'ada' })).toHaveLength(1)
})

/** The answer of a write is lost; how many sessions are stored when the same is written again. */
async function writtenTwice(
  write: (archive: PostgresArchive, schema: string) => Promise<unknown>,
): Promise<number> {
  const { archive, schema } = await openArchive({ pool: near }, {}, far)
  const cut = proxy.cutAfterRequest(idOf(7))
  await expect(write(archive, schema)).rejects.toThrow()
  await cut
  expect(await storedIn(schema)).toBe(2)
  await write(archive, schema)
  return storedIn(schema)
}

test('T110: a write whose answer was lost is written again, and nothing is there twice', async () => {
  expect(await writtenTwice((archive) => archive.write([ended(7), ended(8)]))).toBe(2)
})

test('T110: a table without its key, which would hold them twice, is caught by the same', async () => {
  const keyless = async (archive: PostgresArchive, schema: string) => {
    await near.query(`ALTER TABLE "${schema}"."ended_sessions" DROP CONSTRAINT IF EXISTS ended_sessions_pkey`)
    await archive.write([ended(7), ended(8)])
  }
  expect(await writtenTwice(keyless)).toBe(4)
})

/** Kills the server while batches are written; what was acknowledged, and what of it is there afterwards. */
async function killedWhileWriting(
  schema: string,
): Promise<{ readonly acknowledged: number; readonly kept: number }> {
  const archive = postgres({ pool: near, schema })
  let acknowledged = 0
  let next = 0
  const writeOn = async (): Promise<void> => {
    for (;;) {
      const batch = Array.from({ length: 20 }, (_, index) => ended(next + index + 1))
      next += batch.length
      await archive.write(batch)
      acknowledged += batch.length
      if (acknowledged > 200) void server.kill()
    }
  }
  const outcomes = await Promise.allSettled([writeOn(), writeOn(), writeOn()])
  const lost = { status: 'rejected', reason: expect.objectContaining({ code: 'ARCHIVE_UNAVAILABLE' }) }
  expect(outcomes).toEqual([lost, lost, lost])
  await server.restart()
  const kept = await storedIn(schema)
  const all = Array.from({ length: next }, (_, index) => ended(index + 1))
  for (let start = 0; start < all.length; start += 100) await archive.write(all.slice(start, start + 100))
  expect(await storedIn(schema)).toBe(next)
  return { acknowledged, kept }
}

test('T110: what was acknowledged is there after kill -9, and what was not is written again, once', async () => {
  const schema = freshSchema()
  await postgres({ pool: near, schema }).migrate()
  const { acknowledged, kept } = await killedWhileWriting(schema)
  expect(kept).toBeGreaterThanOrEqual(acknowledged)
  expect(acknowledged).toBeGreaterThan(200)
})

test('T110: a table that is not logged, which loses it, is caught by the same', async () => {
  const schema = freshSchema()
  await postgres({ pool: near, schema }).migrate()
  await near.query(`ALTER TABLE "${schema}"."ended_sessions" SET UNLOGGED`)
  const { acknowledged, kept } = await killedWhileWriting(schema)
  expect(kept).toBeLessThan(acknowledged)
})

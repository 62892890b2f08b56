import { join } from 'node:path'
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startArchivingBank, temporaryDirectory } from './bank.test-support.ts'
import { Visitor } from './visitor.test-support.ts'

const { path: home, remove } = temporaryDirectory()
let server: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  const started = [startPostgres(), startRedis()] as const
  server = await started[0]
  redis = await started[1]
})
afterAll(async () => {
  await Promise.all([server?.stop(), redis?.stop()])
  remove()
})

test('two banks share one database; while it is away they do without past sessions, and with them afterwards', async () => {
  const env = { BANK_POSTGRES_URL: server.url }
  const banks = await Promise.all([
    startArchivingBank(['--data', join(home, 'file')], env),
    // Which by itself forgets what has ended, and has to be told to wait for the archive.
    startArchivingBank(['--data', join(home, 'redis'), '--redis', redis.url], env),
  ])
  for (const bank of banks) {
    const visitor = new Visitor(bank.url)
    await visitor.logIn('ada')
    const statuses = async () =>
      Promise.all(['/accounts', '/past'].map(async (path) => (await visitor.get(path)).status))
    expect(await statuses()).toEqual([200, 200])
    await server.kill()
    expect(await statuses()).toEqual([200, 503])
    expect(await visitor.text('/past')).toContain('Past sessions cannot be shown at the moment.')
    await server.restart()
    expect(await statuses()).toEqual([200, 200])
    const { code, stderr } = await bank.stop('SIGTERM')
    expect(code).toBe(0)
    expect(stderr).toMatch(/^(ARCHIVE_UNAVAILABLE: .*the connection failed.*\n)+$/)
  }
})

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type RedisServer, type ServerConfig, startRedis, until } from 'sojourn-servers'
import { afterEach, describe, expect, test } from 'vitest'
import { SessionError } from '../../core/errors.ts'
import { NOW, numbered, sampleUser } from '../../testing/sample.ts'
import { memory } from '../memory/index.ts'
import { grant, ioredisAs, nodeRedisAs, serverWithUsers } from './acl.test-support.ts'
import { aclRule, doctorRule } from './acl.ts'
import { type DoctorOptions, doctor } from './doctor.ts'
import type { CheckName, Finding } from './doctor-finding.ts'
import { redis } from './redis.ts'

const RIGHT: ServerConfig = { maxmemory: '100mb', appendonly: 'yes' }
const CHECKS: readonly CheckName[] = [
  ...(['version', 'eviction', 'memory', 'persistence', 'replicas', 'min-replicas'] as const),
  ...(['rights', 'default-user', 'clock', 'keys'] as const),
]
const BEYOND = 'sojourn:{Ab}:s:AbAbAbAbAbAbAbAb'

const started: RedisServer[] = []
afterEach(async () => {
  for (const server of started.splice(0).reverse()) await server.stop()
})

async function start(config: ServerConfig = {}): Promise<RedisServer> {
  const server = await serverWithUsers({}, { ...RIGHT, ...config })
  started.push(server)
  return server
}

async function startOpen(config: ServerConfig = {}): Promise<RedisServer> {
  const server = await startRedis({ config })
  started.push(server)
  return server
}

/** Waits for what a server comes to by itself. */
function said(server: RedisServer, section: string, text: RegExp): Promise<true> {
  const ask = async () => (text.test(String(await server.cli('INFO', section))) ? true : null)
  return until(`INFO ${section} says ${text}`, ask, 10_000)
}

type Asked = Partial<DoctorOptions> & { readonly as?: string | undefined }

/** What doctor's user finds out about the application's. */
async function look(server: RedisServer, { as = 'doctor', ...options }: Asked = {}) {
  const { driver, close } = await ioredisAs(server, as === 'default' ? undefined : as)
  try {
    return await doctor(driver, { now: Date.now, acl: { user: 'sojourn' }, ...options })
  } finally {
    close()
  }
}

async function find(check: CheckName, server: RedisServer, options: Asked = {}): Promise<Finding> {
  const [finding, ...more] = (await look(server, options)).filter((each) => each.check === check)
  expect(more).toEqual([])
  return finding ?? expect.fail(`doctor found nothing about ${check}`)
}

describe('doctor', () => {
  test('makes every check once, and warns of nothing but what a single old server lacks', async () => {
    const findings = await look(await start())
    expect(findings.map(({ check }) => check)).toEqual(CHECKS)
    expect(findings.filter(({ verdict }) => verdict === 'fail')).toEqual([])
    const warned = findings.filter(({ verdict }) => verdict === 'warn').map(({ check }) => check)
    expect(warned.filter((check) => check !== 'version')).toEqual(['replicas'])
  })

  test('says what to set exactly where something is to be set', async () => {
    const findings = await look(await startOpen(), { as: 'default' })
    expect(findings.filter(({ verdict, set }) => (verdict === 'ok') !== (set === null))).toEqual([])
    expect(findings.every(({ found, means }) => found !== '' && means !== '')).toBe(true)
  })

  test('finds the same with node-redis', async () => {
    const server = await start()
    const { driver, close } = await nodeRedisAs(server, 'doctor')
    try {
      const found = await doctor(driver, { now: Date.now, acl: { user: 'sojourn' } })
      const stable = (findings: readonly Finding[]) => findings.filter(({ check }) => check !== 'memory')
      expect(stable(found)).toEqual(stable(await look(server)))
    } finally {
      close()
    }
  })

  test('changes nothing and reads no session', async () => {
    const server = await start()
    await server.cli('SET', BEYOND, 'value')
    await server.cli('CONFIG', 'RESETSTAT')
    await look(server)
    const stats = String(await server.cli('INFO', 'commandstats'))
    const called = [...stats.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name = '']) => name)
    const own = ['info', 'config|get', 'time', 'scan', 'acl|whoami', 'acl|getuser', 'acl|dryrun']
    const connecting = ['auth', 'hello', 'config|resetstat', 'client|setname']
    expect(called.filter((name) => !own.includes(name) && !connecting.includes(name))).toEqual([])
  })

  test('T89: says what the one who looks may not see, and goes on', async () => {
    const findings = await look(await start(), { as: 'sojourn' })
    expect(findings.map(({ check }) => check)).toEqual(CHECKS)
    expect(
      findings.filter(({ verdict, found }) => verdict !== 'warn' || !found.startsWith('not looked at')),
    ).toEqual([])
    expect(findings[0]?.found).toBe('not looked at: it takes the right +info')
  })

  test.each(['info', 'config|get', 'time', 'scan', 'acl|getuser', 'acl|dryrun'])(
    'T89: looks at the rest without the right %s',
    async (right) => {
      const server = await start()
      await grant(server, doctorRule().replace(` +${right}`, ''))
      const findings = await look(server)
      const unseen = findings.filter(({ found }) => found.includes(`+${right}`))
      expect(unseen.length).toBeGreaterThan(0)
      expect(findings.filter(({ found }) => found.startsWith('not looked at'))).toEqual(unseen)
      expect(unseen.length).toBeLessThan(CHECKS.length)
    },
  )

  test('rejects when nobody answers', async () => {
    const server = await start()
    const { driver, close } = await ioredisAs(server, 'doctor')
    await server.kill()
    await expect(doctor(driver, { now: Date.now })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    close()
  })
})

describe('doctor of an engine', () => {
  test('knows its prefix and what its durability needs', async () => {
    const server = await startOpen(RIGHT)
    const { driver, close } = await ioredisAs(server)
    const engine = await redis({ client: driver, prefix: 'shop', durability: 'replicated', replicas: 2 })
    const findings = await doctor(engine, { now: Date.now })
    close()
    expect(findings.find(({ check }) => check === 'replicas')).toMatchObject({
      verdict: 'fail',
      found: 'replicas in step: 0, and writes wait for 2',
    })
    expect(findings.find(({ check }) => check === 'keys')?.found).toContain('prefix shop')
    expect(findings.find(({ check }) => check === 'rights')?.set).toMatch(/~shop:\{\* .*\+wait/)
  })

  test('fails when writes wait for a disk that the server does not confirm', async () => {
    const server = await startOpen({ appendonly: 'no' })
    const { driver, close } = await ioredisAs(server)
    const engine = await redis({ client: driver, durability: 'fsync' })
    const findings = await doctor(engine, { now: Date.now })
    close()
    expect(findings.find(({ check }) => check === 'persistence')).toMatchObject({ verdict: 'fail' })
  })

  test('refuses an engine that is not on Redis', async () => {
    await expect(doctor(memory(), { now: Date.now })).rejects.toThrow(SessionError)
  })
})

describe('a server set wrongly is found:', () => {
  test.each(['allkeys-lru', 'volatile-ttl', 'volatile-lru', 'allkeys-random'])(
    'T94: eviction %s fails',
    async (policy) => {
      const server = await start({ 'maxmemory-policy': policy })
      expect(await find('eviction', server)).toMatchObject({
        verdict: 'fail',
        found: `maxmemory-policy ${policy}`,
      })
    },
  )

  test('T94: volatile eviction is a warning by consent, while there is room', async () => {
    const allowVolatile = true
    const server = await start({ 'maxmemory-policy': 'volatile-ttl' })
    expect(await find('eviction', server, { allowVolatile })).toMatchObject({ verdict: 'warn' })
    await server.cli('CONFIG', 'SET', 'maxmemory', '1')
    expect(await find('eviction', server, { allowVolatile })).toMatchObject({ verdict: 'fail' })
    await server.cli('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'allkeys-lru')
    expect(await find('eviction', server, { allowVolatile })).toMatchObject({ verdict: 'fail' })
  })

  test('memory without a limit, or almost full', async () => {
    const server = await start({ maxmemory: 0 })
    expect(await find('memory', server)).toMatchObject({
      verdict: 'warn',
      found: expect.stringMatching(/^maxmemory 0/),
    })
    await server.cli('CONFIG', 'SET', 'maxmemory', '100000')
    expect(await find('memory', server)).toMatchObject({ verdict: 'fail' })
  })

  test('T94: no persistence, snapshots only, and a log that nobody syncs', async () => {
    const server = await start({ appendonly: 'no' })
    expect(await find('persistence', server)).toMatchObject({
      verdict: 'warn',
      found: 'nothing is written to disk',
    })
    await server.cli('CONFIG', 'SET', 'save', '900 1')
    expect(await find('persistence', server)).toMatchObject({
      verdict: 'warn',
      found: 'snapshots only (save 900 1)',
    })
    await server.cli('CONFIG', 'SET', 'appendonly', 'yes', 'appendfsync', 'no')
    expect(await find('persistence', server)).toMatchObject({ verdict: 'warn' })
    await server.cli('CONFIG', 'SET', 'appendfsync', 'always')
    expect(await find('persistence', server)).toMatchObject({ verdict: 'ok' })
  })

  test('T94: a snapshot that failed', async () => {
    const server = await start({ appendonly: 'no', save: '900 1' })
    // A snapshot cannot take the place of a folder.
    mkdirSync(join(server.directory, 'dump.rdb/in-the-way'), { recursive: true })
    await server.cli('BGSAVE')
    await said(server, 'persistence', /rdb_last_bgsave_status:err/)
    expect(await find('persistence', server)).toMatchObject({
      verdict: 'fail',
      found: 'the last snapshot failed',
    })
  })

  test('T94: no replica, a replica that is away, and a replica instead of the primary', async () => {
    const primary = await startOpen(RIGHT)
    expect(await find('replicas', primary, { as: 'default' })).toMatchObject({
      verdict: 'warn',
      found: 'no replica',
    })
    const replica = await startOpen({ replicaof: `${primary.host} ${primary.port}` })
    await said(primary, 'replication', /state=online/)
    expect(await find('replicas', primary, { as: 'default' })).toMatchObject({
      verdict: 'ok',
      found: 'replicas in step: 1',
    })
    expect(await find('replicas', primary, { as: 'default', replicas: 2 })).toMatchObject({ verdict: 'fail' })
    expect(await find('replicas', replica, { as: 'default' })).toMatchObject({ verdict: 'fail' })
  })

  test('min-replicas-to-write that is missing, and that cannot be met', async () => {
    const primary = await startOpen(RIGHT)
    expect(await find('min-replicas', primary, { as: 'default' })).toMatchObject({ verdict: 'ok' })
    await primary.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    expect(await find('min-replicas', primary, { as: 'default' })).toMatchObject({ verdict: 'fail' })
    const replica = await startOpen({ replicaof: `${primary.host} ${primary.port}` })
    await said(primary, 'replication', /state=online/)
    expect(await find('min-replicas', primary, { as: 'default' })).toMatchObject({ verdict: 'ok' })
    await primary.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
    expect(await find('min-replicas', primary, { as: 'default' })).toMatchObject({ verdict: 'warn' })
    await replica.stop()
  })

  test.each(['+get', '+evalsha', '+script|load', '+zadd', '+mget'])(
    'T87: a missing right %s',
    async (right) => {
      const server = await start()
      await grant(server, aclRule().replace(` ${right}`, ''))
      expect(await find('rights', server)).toMatchObject({
        verdict: 'fail',
        found: `the user sojourn lacks ${right}`,
      })
    },
  )

  test.each([
    ['+@all', 'KEYS *'],
    ['+keys', 'KEYS *'],
    ['+config', 'CONFIG GET'],
    ['+eval', 'EVAL return 1'],
    ['+flushall', 'FLUSHALL'],
    ['+acl|list', 'ACL LIST'],
    ['~other', 'GET other'],
    ['~sojourn:*', 'GET sojourn:other:{--}:s:x'],
    ['%R~other', 'GET other'],
    ['(+get ~*)', 'GET sojourn:other:{--}:s:x'],
  ])('T88: a right too many, %s', async (right, shown) => {
    const server = await start()
    await server.cli('ACL', 'SETUSER', 'sojourn', right)
    const finding = await find('rights', server)
    expect(finding).toMatchObject({ verdict: 'warn', set: aclRule() })
    expect(finding.found).toContain(shown)
  })

  test('rights for another prefix, and a user that does not exist', async () => {
    const server = await start()
    const acl = { user: 'sojourn', prefix: 'shop' }
    expect(await find('rights', server, { acl })).toMatchObject({ verdict: 'fail' })
    expect(await find('rights', server, { acl: { user: 'nobody' } })).toMatchObject({
      verdict: 'fail',
      found: 'there is no user nobody',
    })
  })

  test('T90: a default user without a password', async () => {
    const server = await start()
    expect(await find('default-user', server)).toMatchObject({ verdict: 'ok' })
    await server.cli('ACL', 'SETUSER', 'default', 'on', 'nopass')
    expect(await find('default-user', server)).toMatchObject({ verdict: 'fail' })
    await server.cli('ACL', 'SETUSER', 'default', 'resetpass', '>a long one')
    expect(await find('default-user', server)).toMatchObject({ verdict: 'ok' })
  })

  test.each([
    [0, 'ok'],
    [-60_000, 'fail'],
    [-5_000, 'warn'],
    [60_000, 'warn'],
  ])('a clock that ours is %i ms beside', async (difference, verdict) => {
    const server = await start()
    expect(await find('clock', server, { now: () => Date.now() + difference })).toMatchObject({ verdict })
  })

  test('T96: keys of others, and others’ keys under the prefix', async () => {
    const server = await start()
    await server.cli('SET', BEYOND, 'value')
    expect(await find('keys', server)).toMatchObject({
      verdict: 'ok',
      found: expect.stringMatching(/^1 keys/),
    })
    await server.cli('SET', 'cache:1', 'value')
    expect(await find('keys', server)).toMatchObject({ verdict: 'warn' })
    await server.cli('SET', 'sojourn:{Ab}:s:short', 'value')
    const finding = await find('keys', server)
    expect(finding).toMatchObject({
      verdict: 'fail',
      found: expect.stringContaining('"sojourn:{Ab}:s:short"'),
    })
  })

  test('what a store itself writes is not taken for others’', async () => {
    const server = await start()
    const { driver, close } = await ioredisAs(server, 'sojourn')
    const engine = await redis({ client: driver, due: true })
    await engine.create(numbered(1), null, NOW)
    await engine.create(numbered(2), null, NOW)
    await engine.endUser(sampleUser(), 'revoked', NOW, null)
    close()
    await server.cli('SET', 'sojourn/near:listener:1:{Ab}', '')
    const kinds = (await keysOf(server)).map(
      (key) => /^sojourn(?::\{Ab\}:(?:s|u|a|due)|\/near)/.exec(key)?.[0],
    )
    expect(new Set(kinds).size).toBe(5)
    expect(kinds).not.toContain(undefined)
    expect(await find('keys', server)).toMatchObject({ verdict: 'ok' })
  })
})

async function keysOf(server: RedisServer): Promise<readonly string[]> {
  const keys = await server.cli('KEYS', '*')
  return Array.isArray(keys) ? keys.map(String) : []
}

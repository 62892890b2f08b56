import { readFileSync } from 'node:fs'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SessionError } from '../../core/errors.ts'
import { conformance, runConformance } from '../../testing/index.ts'
import {
  grant,
  ioredisAs,
  nodeRedisAs,
  type OpenDriver,
  PASSWORD,
  serverWithUsers,
} from './acl.test-support.ts'
import { type AclOptions, aclRule, doctorRule, rightsOf } from './acl.ts'
import { redis } from './redis.ts'
import { LIBRARY, SCRIPTS } from './scripts.gen.ts'

/** What the drivers ask for themselves when they connect, and do without. */
const OF_DRIVERS = ['client|setname', 'hello', 'auth', 'ping']

describe('the rule', () => {
  test('T87: names exactly the rights that are used', () => {
    expect(aclRule()).toBe(
      'ACL SETUSER sojourn on clearselectors resetkeys resetchannels -@all ~sojourn:{* +evalsha +script|load ' +
        '+exists +get +getrange +pexpireat +set +setrange +unlink +zadd +zcount +zrange +zrangebyscore +zrank ' +
        '+zrem +zscore +mget +ping +hello +auth +client|setname',
    )
  })

  test('T91: for functions lets call them, and load no code', () => {
    expect(aclRule({ functions: true })).toBe(aclRule().replace('+evalsha +script|load', '+fcall'))
    expect(doctorRule({ functions: true })).toBe(
      doctorRule().replace('+acl|dryrun', '+acl|dryrun +function|list'),
    )
  })

  test('T87: is what the page about rights prints', () => {
    const page = new URL('../../../../../docs/operations/redis-rights.md', import.meta.url)
    const text = readFileSync(page, 'utf8').replaceAll(/\s+/g, ' ')
    expect(text).toContain(` ${aclRule()} `)
    expect(text).toContain(` ${doctorRule()} `)
  })

  test('T89: lets walk over all that is stored only who asks for it', () => {
    expect(aclRule({ scan: true })).toBe(aclRule().replace('+auth', '+auth +scan +info'))
    expect(aclRule({ scan: true, cluster: true })).toBe(
      aclRule({ cluster: true }).replace(
        '+asking',
        '+asking +cluster|countkeysinslot +cluster|getkeysinslot',
      ),
    )
  })

  test('T87: differs with the version of the server', () => {
    expect(aclRule({ server: '6.2' })).not.toContain('clearselectors')
    expect(aclRule({ server: '7.2', fsync: true })).toMatch(/ \+waitaof .*\+client\|setinfo/)
    expect(() => aclRule({ fsync: true })).toThrow(SessionError)
    expect(() => aclRule({ server: '6.2', functions: true })).toThrow(SessionError)
  })

  test.each(['', 'a b', 'a*', '{a}', 'a\n', '~*'])('T92: takes no prefix or user %j', (name) => {
    expect(() => aclRule({ prefix: name })).toThrow(SessionError)
    expect(() => aclRule({ user: name })).toThrow(SessionError)
    expect(() => doctorRule({ user: name })).toThrow(SessionError)
  })

  test('sets no password: nobody logs in before one is set', async () => {
    const server = await startRedis()
    try {
      await server.cli(...aclRule().split(' '))
      expect(JSON.stringify(await server.cli('ACL', 'GETUSER', 'sojourn'))).not.toContain('nopass')
      await expect(server.cli('AUTH', 'sojourn', 'anything')).rejects.toThrow(/WRONGPASS/)
    } finally {
      await server.stop()
    }
  })

  test('leaves nothing of an older rule of the user', async () => {
    const server = await startRedis()
    try {
      await server.cli('ACL', 'SETUSER', 'sojourn', 'on', 'allkeys', 'allchannels', '+@all', '(+@all ~*)')
      await server.cli(...aclRule().split(' '))
      expect(await server.cli('ACL', 'DRYRUN', 'sojourn', 'FLUSHALL')).not.toBe('OK')
      expect(await server.cli('ACL', 'DRYRUN', 'sojourn', 'GET', 'other')).not.toBe('OK')
    } finally {
      await server.stop()
    }
  })
})

describe.each([
  ['ioredis', 'scripts', ioredisAs],
  ['node-redis', 'scripts', nodeRedisAs],
  ['ioredis', 'functions', ioredisAs],
  ['node-redis', 'functions', nodeRedisAs],
] as const)('with %s under the rule for %s', (_name, code, connect) => {
  const acl = { functions: code === 'functions', scan: true }
  let server: RedisServer
  beforeAll(async () => {
    server = await serverWithUsers({ wait: true, ...acl })
    if (acl.functions) await server.cli('FUNCTION', 'LOAD', LIBRARY.source)
  })
  afterAll(() => server.stop())

  test('T87: every case of the suite passes, and every right is used', async () => {
    const open = await connect(server, 'sojourn')
    await server.cli('CONFIG', 'RESETSTAT')
    await server.cli('ACL', 'LOG', 'RESET')
    try {
      const reports = await runConformance({
        cases: conformance,
        store: async () => {
          await server.cli('FLUSHALL')
          return { open: () => redis({ client: open.driver, due: true, code }) }
        },
      })
      expect(reports.filter(({ outcome }) => outcome === 'failed')).toEqual([])
      expect(reports.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(50)
      expect(await refused(server)).toEqual([])
      expect(await unused(server, acl)).toEqual([])
    } finally {
      open.close()
    }
  }, 120_000)
})

/** The commands that were refused since the log was reset. */
async function refused(server: RedisServer): Promise<string[]> {
  const text = JSON.stringify(await server.cli('ACL', 'LOG'))
  return [...text.matchAll(/"object","([^"]+)"/g)].map(([, name = '']) => name)
}

/** Rights that nobody called since the counters were reset. */
async function unused(server: RedisServer, acl: AclOptions): Promise<string[]> {
  const stats = String(await server.cli('INFO', 'commandstats'))
  const called = new Set([...stats.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name = '']) => name))
  const rights = rightsOf(acl).map(({ rule }) => rule.slice(1))
  return rights.filter((right) => !called.has(right) && !OF_DRIVERS.includes(right))
}

describe('under the rule', () => {
  let server: RedisServer
  let application: OpenDriver
  beforeAll(async () => {
    server = await serverWithUsers()
    application = await ioredisAs(server, 'sojourn')
  })
  afterAll(async () => {
    application.close()
    await server.stop()
  })

  const OURS = 'sojourn:{Ab}:s:AbAbAbAbAbAbAbAb'
  const REFUSED = [
    'KEYS *',
    'SCAN 0',
    'FLUSHALL',
    'FLUSHDB',
    'CONFIG GET maxmemory',
    'CONFIG SET maxmemory 1',
    'EVAL return(1) 0',
    'SCRIPT FLUSH',
    'FUNCTION LIST',
    'FUNCTION LOAD library',
    'ACL LIST',
    'ACL WHOAMI',
    'CLIENT LIST',
    'CLIENT KILL ID 1',
    'MONITOR',
    'DEBUG SLEEP 0',
    'SUBSCRIBE channel',
    'PUBLISH channel message',
    `RENAME ${OURS} ${OURS}x`,
    'GET other',
    'GET sojourn',
    'GET sojourn:other:{Ab}:s:x',
    'SET sojournx:{Ab}:s:x 1',
    `MGET ${OURS} other`,
  ]

  test.each(REFUSED)('T88: %s is refused', async (command) => {
    await expect(application.send(...command.split(' '))).rejects.toThrow(/^NOPERM/)
  })

  /** As the versions say it; some commands nobody may call in a script. */
  const IN_SCRIPTS = /NOPERM|ACL failure|can't (run this command|access at least one)|not allowed from script/
  test.each(REFUSED)('T88: %s is refused from inside a script', async (command) => {
    const call = command
      .split(' ')
      .map((word) => `'${word}'`)
      .join(', ')
    // An administrator's script: this user may call it, and gets no rights by it.
    const sha1 = String(await server.cli('SCRIPT', 'LOAD', `return redis.call(${call})`))
    await expect(application.send('EVALSHA', sha1, '0')).rejects.toThrow(IN_SCRIPTS)
  })

  test('T88: the same commands pass for a user with all rights, so that a refusal says something', async () => {
    expect(await server.cli('GET', 'other')).toBeNull()
    const sha1 = String(await server.cli('SCRIPT', 'LOAD', "return redis.call('KEYS', '*')"))
    expect(await server.cli('EVALSHA', sha1, 0)).toEqual([])
  })

  test('T89: a walk says which right it lacks', async () => {
    const engine = await redis({ client: application.driver })
    await expect(engine.scan(null, 10)).rejects.toMatchObject({
      code: 'ENGINE_REFUSED',
      message: expect.stringContaining('NOPERM'),
    })
  })

  test('what is needed is allowed', async () => {
    expect(await application.send('GET', OURS)).toBeNull()
    expect(await application.send('SCRIPT', 'LOAD', SCRIPTS.list.source)).toBe(SCRIPTS.list.sha1)
  })

  test('T89: doctor’s user reads settings and no session', async () => {
    const doctor = await ioredisAs(server, 'doctor')
    try {
      expect(String(await doctor.send('INFO'))).toContain('redis_version')
      for (const command of [
        `GET ${OURS}`,
        `SET ${OURS} 1`,
        'CONFIG SET maxmemory 1',
        'ACL LIST',
        'EVAL return(1) 0',
      ]) {
        await expect(doctor.send(...command.split(' '))).rejects.toThrow(/^NOPERM/)
      }
    } finally {
      doctor.close()
    }
  })
})

describe('under the rule for a feature', () => {
  let server: RedisServer
  beforeEach(async () => {
    server = await startRedis()
  })
  afterEach(() => server.stop())

  const channel = '__redis__:invalidate'
  test.each([
    ['wait', ['WAIT', '0', '1']],
    ['nearCache', ['CLIENT', 'TRACKING', 'ON', 'REDIRECT', '0', 'BCAST', 'PREFIX', 'sojourn:']],
    ['nearCache', ['SUBSCRIBE', channel]],
    ['cluster', ['CLUSTER', 'SLOTS']],
    ['cluster', ['CLUSTER', 'INFO']],
    ['sentinel', ['ROLE']],
  ] as const)('T87: %s may do what it needs, and nobody else may', async (feature, command) => {
    await grant(server, aclRule())
    expect(await server.cli('ACL', 'DRYRUN', 'sojourn', ...command)).not.toBe('OK')
    await grant(server, aclRule({ [feature]: true }))
    expect(await server.cli('ACL', 'DRYRUN', 'sojourn', ...command)).toBe('OK')
  })

  test('T88: the near cache hears of changes and of nothing else', async () => {
    await grant(server, aclRule({ nearCache: true }))
    expect(await server.cli('ACL', 'DRYRUN', 'sojourn', 'SUBSCRIBE', 'channel')).not.toBe('OK')
    expect(await server.cli('ACL', 'DRYRUN', 'sojourn', 'PUBLISH', channel, 'key')).not.toBe('OK')
  })
})

describe('under the rule for functions', () => {
  let server: RedisServer
  let application: OpenDriver
  beforeEach(async () => {
    server = await startRedis()
    await grant(server, aclRule({ functions: true }))
    application = await ioredisAs(server, 'sojourn')
  })
  afterEach(async () => {
    application.close()
    await server.stop()
  })

  test('T91: the library that an administrator loaded is called, and no code can be loaded', async () => {
    await server.cli('FUNCTION', 'LOAD', LIBRARY.source)
    const index = 'sojourn:{Ab}:u:0'
    expect(
      await application.send('FCALL', SCRIPTS.list.functionName, '1', index, 'sojourn:{Ab}:', 'u', '1', '1'),
    ).toEqual([])
    for (const command of [
      'EVAL return(1) 0',
      `EVALSHA ${SCRIPTS.list.sha1} 0`,
      `FCALL_RO ${SCRIPTS.list.functionName} 0`,
      'SCRIPT LOAD return(1)',
      'FUNCTION LOAD x',
    ]) {
      await expect(application.send(...command.split(' '))).rejects.toThrow(/^NOPERM/)
    }
  })

  test('T88: a function reaches no key outside the prefix', async () => {
    await server.cli('FUNCTION', 'LOAD', LIBRARY.source)
    const outside = 'other:{Ab}:'
    const call = application.send(
      'FCALL',
      SCRIPTS.list.functionName,
      '1',
      `${outside}u:x`,
      outside,
      'u',
      '1',
      '1',
    )
    await expect(call).rejects.toThrow(/NOPERM/)
  })
})

test('the password of the tests is none that a rule could hold', () => {
  expect(aclRule()).not.toContain(PASSWORD)
})

import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { grant, ioredisAs, nodeRedisAs } from './acl.test-support.ts'
import { type AclOptions, aclRule, doctorRule } from './acl.ts'
import { doctor } from './doctor.ts'
import type { CheckName, Finding } from './doctor-finding.ts'
import { tooOldForFunctions } from './doctor-library.ts'
import { redis } from './redis.ts'
import { LIBRARY } from './scripts.gen.ts'

const OLDER = 'sojourn_000000000000'
const acl: AclOptions = { user: 'sojourn', functions: true }

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.cli('FUNCTION', 'FLUSH')
  await grant(server, aclRule({ functions: true }))
  await grant(server, doctorRule({ functions: true }))
})

const load = (source: string) => server.cli('FUNCTION', 'LOAD', 'REPLACE', source)

async function find(check: CheckName, connect = ioredisAs): Promise<Finding> {
  const { driver, close } = await connect(server, 'doctor')
  const findings = await doctor(driver, { now: Date.now, acl })
  close()
  return findings.find((each) => each.check === check) ?? expect.fail(`doctor found nothing about ${check}`)
}

describe.each([
  ['ioredis', ioredisAs],
  ['node-redis', nodeRedisAs],
] as const)('T91: doctor of functions, over %s,', (_name, connect) => {
  test('finds the library that is loaded, beside those of other releases', async () => {
    await load(LIBRARY.source)
    await load(LIBRARY.source.replaceAll(LIBRARY.name, OLDER))
    expect(await find('library', connect)).toMatchObject({
      verdict: 'ok',
      found: `the library ${LIBRARY.name} is loaded; of other releases: ${OLDER}`,
    })
  })

  test('fails without it, says which ones are there, and how to load it', async () => {
    expect(await find('library', connect)).toMatchObject({
      verdict: 'fail',
      found: `no library ${LIBRARY.name}`,
      set: 'sojourn-doctor --library | redis-cli -x FUNCTION LOAD REPLACE',
    })
    await load(LIBRARY.source.replaceAll(LIBRARY.name, OLDER))
    expect(await find('library', connect)).toMatchObject({
      verdict: 'fail',
      found: `no library ${LIBRARY.name}; of other releases: ${OLDER}`,
    })
  })

  test('fails for a library of this name that somebody has changed', async () => {
    await load(LIBRARY.source.replace('return 1', 'return 0'))
    expect(await find('library', connect)).toMatchObject({
      verdict: 'fail',
      found: expect.stringContaining('another text'),
    })
  })
})

describe('T91: doctor of functions', () => {
  test('fails for a user without the right to call them', async () => {
    await grant(server, aclRule({ functions: true }).replace(' +fcall', ''))
    expect(await find('rights')).toMatchObject({ verdict: 'fail', found: 'the user sojourn lacks +fcall' })
  })

  test('warns of a user who may load code', async () => {
    await grant(server, `${aclRule({ functions: true })} +evalsha +script|load`)
    expect(await find('rights')).toMatchObject({ verdict: 'warn', set: aclRule({ functions: true }) })
  })

  test('is content with the rule', async () => {
    expect(await find('rights')).toMatchObject({ verdict: 'ok' })
  })

  test('T89: names the right that it takes to look', async () => {
    await grant(server, doctorRule())
    expect(await find('library')).toMatchObject({
      verdict: 'warn',
      found: 'not looked at: it takes the right +function|list',
    })
  })

  test('knows of an engine whether it calls functions', async () => {
    const { driver, close } = await ioredisAs(server, 'doctor')
    const checksOf = async (code: 'scripts' | 'functions') => {
      const findings = await doctor(await redis({ client: driver, code }), { now: Date.now })
      return findings.map(({ check }) => check)
    }
    expect(await checksOf('functions')).toContain('library')
    expect(await checksOf('scripts')).not.toContain('library')
    close()
  })

  test('fails for a server that is older than functions', () => {
    expect(tooOldForFunctions()).toMatchObject({ verdict: 'fail', set: expect.stringContaining('7.0') })
  })
})

import { join } from 'node:path'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type BankProcess, runBank, startBankProcess, temporaryDirectory } from './bank.test-support.ts'
import { Visitor } from './visitor.test-support.ts'

const PASSWORD = 'known-to-the-bank-alone'
const WRONG = 'a-password-that-is-wrong'
const DRIVERS = ['ioredis', 'iovalkey', 'node-redis'] as const
const { path: home, remove } = temporaryDirectory()
let server: RedisServer
let banks: BankProcess[] = []

beforeAll(async () => {
  server = await startRedis({
    config: { appendonly: 'yes' },
    users: ['default off', `bank on >${PASSWORD} ~bank:* +@all`],
  })
})
afterEach(async () => {
  await Promise.all(banks.map((bank) => bank.stop('SIGKILL')))
  banks = []
})
afterAll(async () => {
  await server.stop()
  remove()
})

const urlOf = ({ host, port }: RedisServer, password: string) => `redis://bank:${password}@${host}:${port}`

async function open(args: readonly string[], env: Record<string, string> = {}): Promise<BankProcess> {
  const bank = await startBankProcess(args, env)
  banks.push(bank)
  return bank
}

describe('a bank that cannot start on Redis says why in one line, without the password,', () => {
  test.each([
    ['when nobody is there', () => `redis://:${WRONG}@127.0.0.1:1`, /Redis at 127\.0\.0\.1:1: .*--redis/],
    [
      'when no Sentinel is there',
      () => `redis+sentinel://:${WRONG}@127.0.0.1:1,127.0.0.1:2/bank`,
      /Redis at 127\.0\.0\.1:1,127\.0\.0\.1:2\/bank: .*--redis/,
    ],
    ['when no cluster is there', () => `redis+cluster://:${WRONG}@127.0.0.1:1`, /Redis at 127\.0\.0\.1:1: /],
    ['when the password is wrong', () => urlOf(server, WRONG), /Redis at 127\.0\.0\.1:\d+: .*password/],
    ['T90: when another host is to be asked without TLS', () => `redis://:${WRONG}@redis.example`, /rediss:/],
    ['when the URL is none', () => `:${WRONG}@127.0.0.1`, /url must be redis:/],
    ['when it is another kind of server', () => `http://:${WRONG}@127.0.0.1`, /url must be redis:/],
  ])('%s', async (_, url, line) => {
    const attempts = DRIVERS.map((driver) => {
      const data = join(home, `failing-${driver}`)
      return runBank(['--port', '0', '--data', data, '--redis', url(), '--driver', driver])
    })
    for (const { code, stderr } of await Promise.all(attempts)) {
      expect(stderr).toMatch(line)
      expect(stderr.trimEnd().split('\n')).toHaveLength(1)
      expect(stderr).not.toContain(WRONG)
      expect(code).toBe(1)
    }
  })
})

describe('a bank on Redis', () => {
  test('takes the URL from its environment, where no list of processes shows the password', async () => {
    const bank = await open(['--data', join(home, 'env')], { BANK_REDIS_URL: urlOf(server, PASSWORD) })
    const visitor = new Visitor(bank.url)
    await visitor.logIn('ada')
    expect(await visitor.text('/accounts')).toContain('Hello, Ada')
    expect(await bank.stop('SIGTERM')).toEqual({ code: 0, stderr: '' })
    await server.cli('FLUSHALL')
  })

  test('shares its sessions with other banks on the same servers, whatever their client', async () => {
    const env = {
      BANK_REDIS_URL: urlOf(server, PASSWORD),
      BANK_BUCKET_KEY: Buffer.alloc(32, 7).toString('base64url'),
    }
    const [first, ...others] = await Promise.all(
      DRIVERS.map((driver) => open(['--data', join(home, driver), '--driver', driver], env)),
    )
    const visitor = new Visitor(first?.url ?? '')
    await visitor.logIn('ben')
    for (const { url } of others) {
      const response = await fetch(`${url}/accounts`, { headers: { cookie: visitor.cookie } })
      expect(await response.text()).toContain('Hello, Ben')
    }
    await visitor.submit('/logout', {})
    for (const { url } of others) {
      const init = { headers: { cookie: visitor.cookie }, redirect: 'manual' } as const
      expect((await fetch(`${url}/accounts`, init)).status).toBe(303)
    }
  })

  test('knows nobody any more when its server has forgotten: what lives on is in Redis alone', async () => {
    const forgetful = await startRedis()
    try {
      const bank = await open(['--data', join(home, 'forgetful'), '--redis', forgetful.url])
      const visitor = new Visitor(bank.url)
      await visitor.logIn('chloe')
      expect(await visitor.text('/accounts')).toContain('Hello, Chloé')
      await forgetful.kill()
      expect((await visitor.get('/accounts')).status).toBe(503)
      await forgetful.restart()
      const status = async () => (await visitor.get('/accounts')).status
      await expect.poll(status, { timeout: 10_000 }).toBe(303)
    } finally {
      await forgetful.stop()
    }
  })
})

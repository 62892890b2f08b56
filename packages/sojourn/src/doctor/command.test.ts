import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aclRule, doctorRule, feedReaderRule } from '../engines/redis/acl.ts'
import { LIBRARY } from '../engines/redis/scripts.gen.ts'
import { run } from './command.ts'
import { reportOf } from './report.ts'

const PASSWORD = 'only-for-this-test'

/** What the command printed and complained about, and its exit code. */
async function sojournDoctor(args: readonly string[], input = '') {
  const printed: string[] = []
  const complaints: string[] = []
  const code = await run(args, {
    print: (line) => printed.push(line),
    complain: (line) => complaints.push(line),
    input: async () => input,
    now: Date.now,
  })
  const said = printed.join('\n')
  expect(`${said}${complaints.join('\n')}`).not.toContain(PASSWORD)
  return { code, said, complaint: complaints.join('\n') }
}

const lineOf = (rule: string) => `${rule.replace('ACL SETUSER ', '')} >${PASSWORD}`

let sound: RedisServer
let open: RedisServer
beforeAll(async () => {
  const users = ['default off', lineOf(aclRule()), lineOf(doctorRule())]
  sound = await startRedis({ config: { maxmemory: '100mb', appendonly: 'yes' }, users })
  open = await startRedis()
})
afterAll(async () => {
  await sound.stop()
  await open.stop()
})

const urlOf = ({ host, port }: RedisServer, user: string, password = PASSWORD) =>
  `redis://${user}:${password}@${host}:${port}`

describe('sojourn-doctor', () => {
  test('prints the rules of both users, and asks no server', async () => {
    const { code, said } = await sojournDoctor([
      '--acl',
      '--prefix',
      'shop',
      '--user',
      'app',
      '--wait',
      '--server',
      '7.2',
    ])
    expect(code).toBe(0)
    const [application, doctor] = said.split('\n')
    expect(application).toBe(aclRule({ prefix: 'shop', user: 'app', wait: true, server: '7.2' }))
    expect(doctor).toBe(doctorRule({ server: '7.2' }))
  })

  test('prints the rights of the event feed apart, and the rule of a service that only reads it', async () => {
    const { said } = await sojournDoctor(['--acl', '--feed', '--prefix', 'shop'])
    const rule = aclRule({ prefix: 'shop', feed: true })
    expect(said).toBe(`${rule}\n${doctorRule()}\n${feedReaderRule({ prefix: 'shop' })}`)
    expect(rule).toBe(aclRule({ prefix: 'shop' }).replace('+client', '+xadd +xrange +xrevrange +client'))
  })

  test('T91: prints the library as a server takes it, and the rules of those who call it', async () => {
    const { code, said } = await sojournDoctor(['--library'])
    expect(code).toBe(0)
    expect(`${said}\n`).toBe(LIBRARY.source)
    const rules = await sojournDoctor(['--acl', '--functions'])
    expect(rules.said).toBe(`${aclRule({ functions: true })}\n${doctorRule({ functions: true })}`)
  })

  test('T91: exits with 1 when it is told of functions and the library is missing', async () => {
    const { code, said } = await sojournDoctor([open.url, '--user', 'sojourn', '--functions'])
    expect(code).toBe(1)
    expect(said).toMatch(/^ {2}FAIL library +no library sojourn_[0-9a-f]{12}$/m)
    await open.cli('FUNCTION', 'LOAD', LIBRARY.source)
    const loaded = await sojournDoctor([open.url, '--user', 'sojourn', '--functions'])
    expect(loaded.said).toMatch(/^ {2}ok {3}library +the library sojourn_[0-9a-f]{12} is loaded$/m)
  })

  test('says of each server what it found, and exits with 0 when nothing fails', async () => {
    const { code, said } = await sojournDoctor([urlOf(sound, 'doctor'), '--user', 'sojourn'])
    expect(code).toBe(0)
    expect(said).toContain(`${sound.host}:${sound.port}\n`)
    expect(said).toMatch(/^ {2}ok {3}eviction +maxmemory-policy noeviction$/m)
    expect(said).not.toContain('FAIL')
  })

  test('exits with 1 when one of several servers fails', async () => {
    const { code, said } = await sojournDoctor([urlOf(sound, 'doctor'), open.url, '--user', 'sojourn'])
    expect(code).toBe(1)
    expect(said).toMatch(/^ {2}FAIL default-user .*\n +Whoever reaches the port.*\n +→ /m)
    expect(said.split('\n').filter((line) => /^127\./.test(line))).toHaveLength(2)
  })

  test('takes the URLs from its input, where no list of processes shows them', async () => {
    const { code, said } = await sojournDoctor(['--user', 'sojourn', '--json'], `${urlOf(sound, 'doctor')}\n`)
    expect(code).toBe(0)
    const findings: unknown = JSON.parse(said)
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'rights',
        node: `${sound.host}:${sound.port}`,
        verdict: 'ok',
        set: null,
      }),
    )
  })

  test('T90: sends no password to another host without TLS, unless told to', async () => {
    const { code, complaint } = await sojournDoctor([`redis://doctor:${PASSWORD}@redis.example`])
    expect(code).toBe(2)
    expect(complaint).toMatch(/rediss:\/\/.*allowPlaintext/)
  })

  test.each([
    ['a wrong password', () => [urlOf(sound, 'doctor', 'wrong')], /password right\?/],
    ['nobody there', () => ['redis://127.0.0.1:1'], /127\.0\.0\.1:1: .*address/],
    ['no URL', () => [], /sojourn-doctor \[options\]/],
    ['a URL of several servers', () => ['redis+cluster://127.0.0.1:1,127.0.0.1:2'], /one server/],
    ['what is no URL', () => ['127.0.0.1'], /redis:\/\//],
    ['an option that does not exist', () => ['--everything'], /--everything/],
    ['a version that does not exist', () => ['--acl', '--server', '5'], /6\.2, 7\.0, 7\.2/],
    ['a number that is none', () => ['--acl', '--replicas', 'two'], /--replicas/],
    ['a prefix with a pattern', () => ['--acl', '--prefix', '*'], /prefix/],
  ])('exits with 2 for %s', async (_name, args, complaint) => {
    const outcome = await sojournDoctor(args())
    expect(outcome).toMatchObject({ code: 2, said: '', complaint: expect.stringMatching(complaint) })
  })

  test('explains itself', async () => {
    const { code, said } = await sojournDoctor(['--help'])
    expect(code).toBe(0)
    expect(said).toContain('--allow-plaintext')
  })
})

test('a report holds nothing that moves a terminal’s cursor', () => {
  const finding = { check: 'keys', node: 'n', verdict: 'warn', means: 'm', set: 's' } as const
  const report = reportOf([{ ...finding, found: 'a\u001b[2Jb\rc\u0007 →é' }])
  expect(report).toContain('a?[2Jb?c? →é')
})

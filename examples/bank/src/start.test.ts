import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runArchivingBank, runBank, startBankProcess, temporaryDirectory } from './bank.test-support.ts'
import { Visitor } from './visitor.test-support.ts'

const { path: home, remove } = temporaryDirectory()
afterAll(remove)

describe('a bank that cannot start says why in one line and exits with 1', () => {
  const expectLine = async (args: readonly string[], line: RegExp, env: Record<string, string> = {}) => {
    const { code, stderr } = await runBank(args, env)
    expect(stderr).toMatch(line)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).not.toMatch(/^\s+at |node:/m)
    expect(code).toBe(1)
  }

  test.each([
    [['--prot', '1'], /Unknown option '--prot'. --help lists the options./],
    [['extra'], /Unexpected argument 'extra'/],
    [['--port', 'http'], /--port must be a number from 0 to 65535, not 'http'/],
    [['--port', '65536'], /--port must be a number/],
    [['--data', ''], /--data needs a value/],
    [['--driver', 'ioredis'], /--driver goes with --redis/],
    [['--redis', 'redis://127.0.0.1', '--driver', 'redis'], /--driver must be one of ioredis, iovalkey/],
    [['--redis', ''], /--redis needs a value/],
    [['--idle', '5'], /--idle must be a duration such as 90s, 5m or 1h, not '5'/],
    [['--idle', '2h', '--absolute', '1h', '--data', join(home, 'idle')], /lifetime.idle .* must not exceed/],
  ])('%j', async (args, line) => {
    await expectLine(args, line)
  })

  test('when another bank has the data directory open, but not when that one was killed', async () => {
    const data = join(home, 'shared')
    const first = await startBankProcess(['--data', data])
    await expectLine(['--port', '0', '--data', data], /process \d+ has .*shared open\. Stop it, or choose/)
    await first.stop('SIGKILL')
    // Its id may be that of another program by now: here it is that of this one.
    writeFileSync(join(data, 'bank.pid'), `${process.pid} 1\n`)
    const second = await startBankProcess(['--data', data])
    await second.stop('SIGTERM')
    expect(existsSync(join(data, 'bank.pid'))).toBe(false)
  })

  test.each([
    [
      ['postgres://bank:hush@127.0.0.1:1/bank'],
      /^Harbour Bank cannot start: Postgres at 127\.0\.0\.1:1\/bank: .*--postgres\.\n$/,
    ],
    [['bank:hush@127.0.0.1'], /^--postgres must be a URL such as postgres:.*\n$/],
    [['postgres://127.0.0.1', '--no-archive'], /^--postgres and --no-archive exclude each other\.\n$/],
  ])('--postgres %j', async ([url = '', ...others], line) => {
    const args = ['--port', '0', '--data', join(home, 'postgres'), '--postgres', url, ...others]
    const { code, stderr } = await runArchivingBank(args)
    expect(stderr).toMatch(line)
    expect(stderr).not.toContain('hush')
    expect(code).toBe(1)
  })

  test('when the database of past sessions is damaged, or only half of one is there', async () => {
    const data = join(home, 'damaged-archive')
    mkdirSync(join(data, 'archive'), { recursive: true, mode: 0o700 })
    for (const file of ['base', 'PG_VERSION']) {
      writeFileSync(join(data, 'archive', file), 'x')
      const { code, stderr } = await runArchivingBank(['--port', '0', '--data', data])
      expect([code, stderr.trimEnd().split('\n')]).toEqual([
        1,
        [
          expect.stringMatching(
            /archive is not a database of this bank, or it is damaged. It was left as it is.$/,
          ),
        ],
      ])
    }
  })

  test('when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    await expectLine(['--port', port, '--data', join(home, 'port')], new RegExp(`port ${port} is taken`))
    other.close()
  })

  test('when the address is not one of this machine', async () => {
    const args = ['--port', '0', '--host', '192.0.2.1', '--data', join(home, 'host')]
    await expectLine(args, /192\.0\.2\.1|is not an address of this machine/)
  })

  test('when the data directory is a file, or lies below one', async () => {
    const file = join(home, 'file')
    writeFileSync(file, '')
    await expectLine(['--port', '0', '--data', file], /is not a directory. Choose another with --data/)
    await expectLine(['--port', '0', '--data', join(file, 'below')], /is not a directory/)
  })

  test('when the data directory cannot be written', async () => {
    const closed = join(home, 'closed')
    mkdirSync(closed, { mode: 0o500 })
    // Modes do not stop root; this file system stops everybody.
    const folder = process.getuid?.() === 0 ? '/sys' : closed
    await expectLine(['--port', '0', '--data', join(folder, 'bank')], /bank (may not be|is on a disk)/)
  })

  test('when the ledger is damaged, which it leaves as it is', async () => {
    const data = join(home, 'damaged')
    mkdirSync(data, { mode: 0o700 })
    writeFileSync(join(data, 'ledger.json'), '{"accounts":[')
    await expectLine(
      ['--port', '0', '--data', data],
      /ledger.json is not a file of this bank, or it is damaged/,
    )
    expect(statSync(join(data, 'ledger.json')).size).toBe(13)
  })

  test('when the bucket key is not one, or not the one of before', async () => {
    const data = join(home, 'key')
    await (await startBankProcess(['--data', data])).stop('SIGTERM')
    const other = Buffer.alloc(32, 7).toString('base64url')
    await expectLine(['--port', '0', '--data', data], /BANK_BUCKET_KEY must hold 32 bytes/, {
      BANK_BUCKET_KEY: 'x',
    })
    await expectLine(['--port', '0', '--data', data], /cannot be opened as it is/, { BANK_BUCKET_KEY: other })
  })
})

test('the data directory and what is in it is for its owner alone', async () => {
  const data = join(home, 'modes')
  mkdirSync(data)
  chmodSync(data, 0o755)
  await (await startBankProcess(['--data', data])).stop('SIGTERM')
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
  expect(modeOf(data)).toBe('700')
  expect(modeOf(join(data, 'bucket.key'))).toBe('600')
  expect(modeOf(join(data, 'ledger.json'))).toBe('600')
})

describe('a bank that is asked to stop', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('exits with 0 on %s and prints nothing', async (signal) => {
    const bank = await startBankProcess(['--data', join(home, signal)])
    expect(await bank.stop(signal)).toEqual({ code: 0, stderr: '' })
  })

  test('finishes what it has begun, also when it is asked twice', async () => {
    const bank = await startBankProcess(['--data', join(home, 'drain')])
    const socket = connect(Number(bank.port), '127.0.0.1')
    const body = 'name=ada&password=lighthouse'
    socket.write(
      [
        'POST /login HTTP/1.1',
        `Host: localhost:${bank.port}`,
        `Origin: ${bank.url}`,
        'Sec-Fetch-Site: same-origin',
        'Content-Type: application/x-www-form-urlencoded',
        `Content-Length: ${body.length}`,
        'Expect: 100-continue',
        'Connection: close',
        '\r\n',
      ].join('\r\n'),
    )
    // The bank answers this when it has taken the request and waits for its body.
    await once(socket, 'data')
    bank.signal('SIGINT')
    await refusedAt(bank.port)
    bank.signal('SIGINT')
    socket.write(body)
    const answer = await readToEnd(socket)
    expect(answer).toMatch(/^HTTP\/1.1 303 /)
    expect(answer).toMatch(/^Location: \/accounts\r$/m)
    expect(await bank.ended).toEqual({ code: 0, stderr: '' })
  })

  test('knows who was logged in when it starts again', async () => {
    const args = ['--data', join(home, 'again')]
    const first = await startBankProcess(args)
    const visitor = new Visitor(first.url)
    await visitor.logIn('chloe')
    await first.stop('SIGTERM')
    const second = await startBankProcess([...args, '--port', first.port])
    expect(await visitor.text('/accounts')).toContain('Hello, Chloé')
    await second.stop('SIGTERM')
  })
})

/** Resolves when nobody listens any more. */
async function refusedAt(port: string): Promise<void> {
  const attempt = connect(Number(port), '127.0.0.1')
  const refused = once(attempt, 'error').then(() => true)
  const accepted = once(attempt, 'connect').then(() => false)
  if (await Promise.race([refused, accepted])) return
  attempt.destroy()
  return refusedAt(port)
}

async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'end')
  return Buffer.concat(chunks).toString()
}

import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type FuzzedHeader, fuzzedHeader, randomFrom } from '../http/cookie-fuzz.test-support.ts'
import { readCookie } from '../http/cookie-header.ts'
import { ADAPTERS, type Adapter, type Routes, start } from './servers.test-support.ts'

const SEED = 20_260_301
const { SOJOURN_COOKIE_HEADERS = '20000' } = process.env
const HEADERS = Number(SOJOURN_COOKIE_HEADERS)
const AT_ONCE = 200
/** Node takes 16 KiB of headers in all. */
const HEADER_LIMIT = 15 * 1_024

const ROUTES: Routes = {
  'GET /': ({ session, response }) => response.end(session.userId === 'u_1' ? '<yes>' : '<no>'),
}

/** Sends each header as raw bytes and tells, in order, whether the server saw the session. */
async function seen(port: number, headers: readonly string[]): Promise<boolean[]> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const answers: boolean[] = []
  for (let sent = 0; sent < headers.length; sent += AT_ONCE) {
    const batch = headers.slice(sent, sent + AT_ONCE)
    const requests = batch.map((header) => `GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${header}\r\n\r\n`)
    answers.push(...(await exchange(socket, Buffer.from(requests.join(''), 'latin1'), batch.length)))
  }
  return answers
}

function exchange(socket: ReturnType<typeof connect>, bytes: Buffer, count: number): Promise<boolean[]> {
  return new Promise((resolve, reject) => {
    let text = ''
    const fail = () => reject(new Error(`The server closed the connection: ${text.slice(0, 60)}`))
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const found = text.match(/<yes>|<no>/g) ?? []
      if (found.length < count) return
      socket.off('data', read).off('close', fail)
      resolve(found.map((answer) => answer === '<yes>'))
    }
    socket.on('data', read).on('close', fail)
    socket.write(bytes)
  })
}

/** The first header about which the server was wrong. */
async function mistake(adapter: Adapter, count: number): Promise<FuzzedHeader | null> {
  const { port, store } = await start(adapter, ROUTES)
  const { token } = await store.create({ userId: 'u_1' })
  const random = randomFrom(SEED)
  const cases = Array.from({ length: count }, () => fuzzedHeader(token, random)).filter(
    ({ header }) => header.length < HEADER_LIMIT,
  )
  const answers = await seen(
    port,
    cases.map(({ header }) => header),
  )
  return cases.find(({ names }, index) => answers[index] !== names) ?? null
}

describe.each(ADAPTERS)('over $name', (adapter) => {
  test(`T18, T19: of ${HEADERS} cookie headers only those in our one spelling open the session (seed ${SEED})`, async () => {
    expect(await mistake(adapter, HEADERS)).toBeNull()
  }, 600_000)
})

/** A server with a parser of its own, right but for one mistake. */
const withParser = (parse: (header: string) => string | undefined): Adapter => ({
  name: 'twin',
  listener: (store) => async (request, response) => {
    const session = await store.read(parse(request.headers.cookie ?? '') ?? '')
    response.end(session === null ? '<no>' : '<yes>')
  },
})

const pairsOf = (header: string) => header.split(';').map((pair) => pair.split(/=(.*)/s))
const valuesIn = (header: string, normal: (name: string) => string) =>
  pairsOf(header).flatMap(([name = '', value = '']) => (normal(name) === '__Host-id' ? [value.trim()] : []))

test.each([
  [
    'lets the first of two win',
    (header: string) => /(?:^|;)[ \t]*__Host-id=([\w-]{48})[ \t]*(?:;|$)/.exec(header)?.[1],
  ],
  ['trims like JavaScript', (header: string) => valuesIn(header, (name) => name.trim())[0]],
  [
    'folds case',
    (header: string) => valuesIn(header, (name) => name.replace(/^[ \t]*__host-/i, '__Host-'))[0],
  ],
])('the headers catch a parser that %s', async (_mistake, parse) => {
  expect(await mistake(withParser(parse), 2_000)).not.toBeNull()
})

test.each([
  ['4,000 pairs', Array.from({ length: 4_000 }, () => 'a=b').join(';')],
  ['16 KiB of blanks', ' '.repeat(16_384)],
  ['16 KiB of blanks before a letter', `${' '.repeat(16_383)}x`],
  ['16 KiB of semicolons', ';'.repeat(16_384)],
  ['16 KiB of equals signs', '='.repeat(16_384)],
  ['16 KiB of our name', '__Host-id'.repeat(1_820)],
  ['1,300 times our cookie', Array.from({ length: 1_300 }, () => '__Host-id=x').join(';')],
])('%s are read within 5 ms', (_what, header) => {
  const times = Array.from({ length: 9 }, () => {
    const before = performance.now()
    readCookie(header, '__Host-id')
    return performance.now() - before
  })
  expect(Math.min(...times)).toBeLessThan(5)
})

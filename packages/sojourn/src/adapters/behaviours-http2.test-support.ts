import { connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { expect, onTestFinished } from 'vitest'
import { type Behaviour, run } from './behaviour.test-support.ts'
import { SHOP, tokenIn } from './behaviours-log-in.test-support.ts'

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A client that speaks HTTP/2 without TLS, on one connection. */
function clientOf(port: number) {
  const client = connect(`http://127.0.0.1:${port}`)
  onTestFinished(() => client.destroy())
  return (method: string, path: string, headers: Readonly<Record<string, string>>): Promise<Answer> => {
    return new Promise((resolve, reject) => {
      const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH } = constants
      const stream = client.request({ [HTTP2_HEADER_METHOD]: method, [HTTP2_HEADER_PATH]: path, ...headers })
      let answer: Answer = { status: undefined, headers: {}, body: '' }
      stream.setEncoding('utf8')
      stream.on('response', (sent) => {
        answer = { status: sent[':status'], headers: sent, body: '' }
      })
      stream.on('data', (chunk: string) => {
        answer = { ...answer, body: answer.body + chunk }
      })
      stream.on('end', () => resolve(answer))
      stream.on('error', reject)
      stream.end()
    })
  }
}

/** The same over HTTP/2, where the framework has it. */
export const HTTP2: readonly Behaviour[] = [
  {
    title: 'over HTTP/2 a user logs in, is known, meets an outage, and logs out',
    async check(subject) {
      const { port, engine } = await run(subject, SHOP, { http2: true, options: { development: true } })
      const send = clientOf(port)
      const own = { 'sec-fetch-site': 'same-origin' }
      const entered = await send('POST', '/login', own)
      expect([entered.status, entered.headers['set-cookie']?.length]).toEqual([303, 1])
      const cookie = `id=${tokenIn([`__Host-${entered.headers['set-cookie']?.[0]}`])}`
      const me = await send('GET', '/me', { cookie })
      expect(JSON.parse(me.body)).toMatchObject({ userId: 'u_1' })
      expect(me.headers).toMatchObject({ 'cache-control': 'private, no-store' })
      engine.cut('fails')
      const down = await send('GET', '/me', { cookie })
      expect([down.status, down.headers['set-cookie']]).toEqual([503, undefined])
      engine.cut('none')
      const left = await send('POST', '/logout', { ...own, cookie })
      expect(left.headers['set-cookie']?.[0]).toMatch(/^id=; .*Max-Age=0/)
      expect(JSON.parse((await send('GET', '/me', { cookie })).body)).toMatchObject({ userId: null })
    },
  },
]

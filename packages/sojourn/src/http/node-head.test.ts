import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { send } from './client.test-support.ts'
import { lineOf, type SetCookie } from './cookie.ts'
import { varyWith } from './head-changes.ts'
import { listen } from './listen.test-support.ts'
import { NodeHead } from './node-head.ts'

const COOKIE: SetCookie = { name: '__Host-id', value: 'token', secure: true, sameSite: 'Lax', maxAge: null }
const LINE = lineOf(COOKIE)
const VARY = ['Cookie']

/** What a client gets when a handler does this. */
async function answerTo(handle: (response: ServerResponse, head: NodeHead) => void) {
  const server = createServer((_request, response) => handle(response, new NodeHead(response, VARY)))
  return send(await listen(server), 'GET', '/')
}

/** All the ways in which a handler may write the head of a response that also sets a cookie of its own. */
const WAYS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'end alone': (response) => {
    response.setHeader('Set-Cookie', 'theme=dark')
    response.end('x')
  },
  'writeHead with a status': (response) => {
    response.setHeader('Set-Cookie', ['theme=dark'])
    response.writeHead(200).end('x')
  },
  'writeHead with a reason': (response) => {
    response.setHeader('Set-Cookie', 'theme=dark')
    response.writeHead(200, 'Fine').end('x')
  },
  'writeHead with an object': (response) => {
    response.writeHead(200, { 'set-cookie': 'theme=dark' }).end('x')
  },
  'writeHead with an object, over headers set before': (response) => {
    response.setHeader('Set-Cookie', 'theme=light')
    response.writeHead(200, 'Fine', { 'Set-Cookie': ['theme=dark'] }).end('x')
  },
  'writeHead with an array': (response) => {
    response.writeHead(200, ['Set-Cookie', 'theme=dark', 'X-Count', 1]).end('x')
  },
  'writeHead with an array, over headers set before': (response) => {
    response.setHeader('SET-COOKIE', 'theme=light')
    response.writeHead(200, ['Set-Cookie', 'theme=dark']).end('x')
  },
  'writeHead with pairs': (response) => {
    response.writeHead(200, [['Set-Cookie', 'theme=dark']]).end('x')
  },
  'write, then end': (response) => {
    response.setHeader('Set-Cookie', 'theme=dark')
    response.write('x')
    response.end()
  },
  flushHeaders: (response) => {
    response.setHeader('Set-Cookie', 'theme=dark')
    response.flushHeaders()
    response.end('x')
  },
  'writeHead with null for headers': (response) => {
    response.setHeader('Set-Cookie', 'theme=dark')
    Reflect.apply(response.writeHead, response, [200, 'Fine', null])
    response.end('x')
  },
  'all headers removed before': (response) => {
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.writeHead(200, { 'Set-Cookie': 'theme=dark' }).end('x')
  },
}

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** What stands between us and Node's own `writeHead` in many applications. */
const WRAPPERS: Readonly<Record<string, Middleware>> = {
  // It takes a flat array for pairs, as `on-headers` did until 1.1 (V50).
  'the compression that Next ships': createRequire(import.meta.url)('next/dist/compiled/compression')({
    threshold: 0,
  }),
  'one that knows objects alone': (_request, response, next) => {
    const writeHead = response.writeHead.bind(response)
    response.writeHead = (status: number, ...rest: unknown[]) => {
      for (const [name, value] of Object.entries(rest.at(-1) ?? {})) response.setHeader(name, value)
      return writeHead(status)
    }
    next()
  },
}

/** What a client gets when a handler does this behind a middleware. */
async function answerBehind(wrapper: Middleware, handle: (response: ServerResponse) => void) {
  const server = createServer((request, response) => wrapper(request, response, () => handle(response)))
  return send(await listen(server), 'GET', '/')
}

describe('the head of a response', () => {
  test.each(Object.entries(WAYS))(
    'T21: the cookie is there once, beside others, after %s',
    async (_way, write) => {
      const { setCookie } = await answerTo((response, head) => {
        head.setCookie(COOKIE)
        write(response)
      })
      expect(setCookie).toEqual(['theme=dark', LINE])
    },
  )

  test.each([
    'writeHead with an object, over headers set before',
    'writeHead with an array, over headers set before',
  ])('%s catches a cookie that was only set beforehand', async (way) => {
    const { setCookie } = await answerTo((response) => {
      response.appendHeader('Set-Cookie', LINE)
      WAYS[way]?.(response)
    })
    expect(setCookie).toEqual(['theme=dark'])
  })

  test('T21: of two cookie lines of ours the later one is sent', async () => {
    const { setCookie } = await answerTo((response, head) => {
      head.setCookie({ ...COOKIE, value: 'first' })
      head.setCookie(COOKIE)
      response.setHeader('Set-Cookie', '__Host-id=by-hand; Path=/')
      response.end()
    })
    expect(setCookie).toEqual([LINE])
  })

  test('a head that cannot be written leaves the response able to say so', async () => {
    const { status, setCookie } = await answerTo((response, head) => {
      head.setCookie(COOKIE)
      expect(() => response.writeHead(1_000)).toThrow(RangeError)
      response.writeHead(500).end()
    })
    expect([status, setCookie]).toEqual([500, [LINE]])
  })

  test.each(['public, max-age=3600', 's-maxage=600', 'no-cache'])(
    'T24: with our cookie, %s becomes no-store',
    async (own) => {
      const { headers } = await answerTo((response, head) => {
        head.setCookie(COOKIE)
        response.setHeader('CDN-Cache-Control', own)
        response.setHeader('Surrogate-Control', own)
        response.writeHead(302, { 'Cache-Control': own, Location: '/' }).end()
      })
      expect(headers['cache-control']).toBe('private, no-store')
      expect(headers.vary).toBe('Cookie')
      expect(Object.keys(headers)).not.toContain('cdn-cache-control')
      expect(Object.keys(headers)).not.toContain('surrogate-control')
    },
  )

  test.each([200, 204, 302, 304, 404, 500])(
    'T25: a %s that looked at the session is private',
    async (status) => {
      const { headers } = await answerTo((response, head) => {
        head.look()
        response.writeHead(status).end()
      })
      expect(headers).toMatchObject({ 'cache-control': 'private, no-store', vary: 'Cookie' })
    },
  )

  test("T25: without our cookie the application's own Cache-Control stays, and Vary is added", async () => {
    const { headers } = await answerTo((response, head) => {
      response.setHeader('Vary', 'Accept-Encoding')
      head.look()
      response.writeHead(200, { 'Cache-Control': 'private, max-age=5' }).end()
    })
    expect(headers).toMatchObject({ 'cache-control': 'private, max-age=5', vary: 'Accept-Encoding, Cookie' })
  })

  test.each([
    {},
    { 'Content-Type': 'text/plain', 'X-Count': 1, 'X-Some': ['a', 'b'] },
    { 'Set-Cookie': ['theme=dark', 'size=2'] },
    { 'X-Absent': undefined },
    { 'cache-control': 'private, max-age=5' },
    { 'CACHE-CONTROL': 'public' },
    { Vary: 'Accept' },
    { vary: '*' },
    { 'CDN-Cache-Control': 'max-age=600' },
    { 'cloudflare-cdn-cache-control': 'max-age=600' },
    { 'Surrogate-Control': 'max-age=600' },
  ])('T25: %j is completed alike, whether or not a header was set before', async (own) => {
    const answers = [false, true].map((isSetBefore) =>
      answerTo((response, head) => {
        head.look()
        if (isSetBefore) response.setHeader('Date', 'now')
        else response.sendDate = false
        response.writeHead(200, own).end('x')
      }),
    )
    const [alone, after] = await Promise.all(answers)
    expect({ ...alone?.headers, date: 'now' }).toEqual(after?.headers)
    expect(alone?.headers.vary).toMatch(/^(?:\*|(?:Accept, )?Cookie)$/)
    expect(alone?.setCookie).toEqual(after?.setCookie)
  })

  test('a response whose session nobody looked at is left alone', async () => {
    const { headers } = await answerTo((response) => {
      response.writeHead(200, { 'Cache-Control': 'public, max-age=60' }).end()
    })
    expect(headers['cache-control']).toBe('public, max-age=60')
    expect(headers.vary).toBeUndefined()
  })

  test('T75: a 503 says when to come back, whoever renders it; another status does not', async () => {
    const answer = (status: number) =>
      answerTo((response, head) => {
        head.fail()
        response.writeHead(status).end()
      })
    const waits = await Promise.all(Array.from({ length: 20 }, () => answer(503)))
    for (const { headers } of waits) expect(headers['retry-after']).toMatch(/^[1-5]$/)
    expect(new Set(waits.map(({ headers }) => headers['retry-after'])).size).toBeGreaterThan(1)
    expect((await answer(500)).headers['retry-after']).toBeUndefined()
  })

  test.each([
    [[], 'Cookie'],
    [[''], 'Cookie'],
    [['Accept'], 'Accept, Cookie'],
    [['accept, COOKIE'], 'accept, COOKIE'],
    [['Accept', 'Origin'], 'Accept, Origin, Cookie'],
    [['*'], '*'],
    [['Cookie2'], 'Cookie2, Cookie'],
  ])('T25: a Vary of %j becomes %j', (present, expected) => {
    expect(varyWith(present, VARY)).toBe(expected)
  })
})

describe.each(Object.entries(WRAPPERS))('behind %s', (_name, wrapper) => {
  test.each<readonly [string, (response: ServerResponse) => void]>([
    ['end alone', (response) => response.end('hello')],
    ['writeHead with a status', (response) => response.writeHead(200).end('hello')],
    ['writeHead with an object', (response) => response.writeHead(302, { Location: '/x' }).end()],
  ])('T21, T25: the answer is private after %s', async (_way, write) => {
    const { headers } = await answerBehind(wrapper, (response) => {
      new NodeHead(response, VARY).look()
      write(response)
    })
    expect(headers['cache-control']).toBe('private, no-store')
    expect(headers.vary).toContain('Cookie')
  })

  test('T21: a head that is handed over whole would be lost', async () => {
    const { headers } = await answerBehind(wrapper, (response) => {
      response.writeHead(200, ['Cache-Control', 'private, no-store', 'Vary', 'Cookie']).end('hello')
    })
    expect(headers['cache-control']).toBeUndefined()
  })
})

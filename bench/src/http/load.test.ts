import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { load } from './load.ts'
import { logIn } from './log-in.ts'

const SHORT = { connections: 4, warmupMs: 5, measureMs: 30 }
const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It does not listen on a port.')
  return address.port
}

/** Logs in user after user by cookie, and greets each by the cookie that comes; counts what it answers. */
function greeter(greeting: (cookie: string | undefined) => string) {
  const seen = { logIns: 0, visits: new Map<string, number>() }
  const listener: RequestListener = (request, response) => {
    if (request.method === 'POST') {
      seen.logIns += 1
      response.setHeader('Set-Cookie', `id=${seen.logIns}; Path=/`).end(`user ${seen.logIns}`)
      return
    }
    const { cookie = '' } = request.headers
    seen.visits.set(cookie, (seen.visits.get(cookie) ?? 0) + 1)
    response.end(greeting(cookie))
  }
  return { seen, listener }
}

const right = (cookie = '') => cookie.replace('id=', 'user ')

test('each user is logged in once, then all are visited in turn', async () => {
  const { seen, listener } = greeter(right)
  const port = await listen(listener)
  const visitors = await logIn(port, 3)
  const sample = await load(visitors, { ...SHORT, port })
  expect(seen.logIns).toBe(3)
  expect([...seen.visits.keys()].sort()).toEqual(['id=1', 'id=2', 'id=3'])
  const counts = [...seen.visits.values()]
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sample.answered)
})

test('only what is answered in the measured time counts', async () => {
  const { listener } = greeter(right)
  const port = await listen(listener)
  const { answered, measured, perSecond, p50, p99 } = await load(await logIn(port, 1), { ...SHORT, port })
  expect(measured).toBeGreaterThanOrEqual(SHORT.connections)
  // The last one ends the time; what the other connections still wait for comes too late.
  expect(measured).toBeLessThanOrEqual(answered - (SHORT.connections - 1))
  expect(perSecond).toBeLessThanOrEqual((measured / SHORT.measureMs) * 1_000)
  expect(p50).toBeGreaterThan(0)
  expect(p50).toBeLessThanOrEqual(p99)
})

test('a slice that is over before anything is answered goes on until each connection was', async () => {
  const { listener } = greeter(right)
  const port = await listen(listener)
  const none = { connections: 4, warmupMs: 0, measureMs: 0 }
  const { measured, perSecond } = await load(await logIn(port, 1), { ...none, port })
  expect(measured).toBe(none.connections)
  expect(perSecond).toBeGreaterThan(0)
  expect(perSecond).toBeLessThan(Number.POSITIVE_INFINITY)
})

test('twins: a server that mixes users up, forgets them or fails does not look fast', async () => {
  const wrong = [() => 'user 1', () => 'nobody', () => '']
  for (const greeting of wrong) {
    const port = await listen(greeter(greeting).listener)
    await expect(load(await logIn(port, 2), { ...SHORT, port })).rejects.toThrow(/^Wanted user \d, and was/)
  }
  const { listener } = greeter(right)
  const failing = await listen((request, response) => {
    if (request.method === 'GET') response.statusCode = 503
    listener(request, response)
  })
  await expect(load(await logIn(failing, 1), { ...SHORT, port: failing })).rejects.toThrow('answered 503')
})

test('a server that hangs up, and one that is not there, are failures', async () => {
  const port = await listen((request, response) => {
    if (request.method === 'POST') response.end('user')
    else response.destroy()
  })
  await expect(load(await logIn(port, 1), { ...SHORT, port })).rejects.toThrow(/hung up|ECONNRESET/)
  for (const close of closers.splice(0)) close()
  await expect(logIn(port, 1)).rejects.toThrow('ECONNREFUSED')
})

test('a framework without sessions is sent a cookie as long as ours', async () => {
  const cookies = new Set<string | undefined>()
  const port = await listen((request, response) => {
    if (request.method === 'GET') cookies.add(request.headers.cookie)
    response.end('all')
  })
  await load(await logIn(port, 2), { ...SHORT, port })
  expect([...cookies].map((cookie) => cookie?.length)).toEqual(['__Host-id='.length + 48])
})

import { describe, expect, test } from 'vitest'
import { send, sendRaw } from '../http/client.test-support.ts'
import { loggedIn, SAME_ORIGIN } from './app.test-support.ts'
import { ADAPTERS, start } from './servers.test-support.ts'

describe.each(ADAPTERS)('over $name', (adapter) => {
  test('T26: a bearer token opens its session, and the answer varies by it', async () => {
    const { port, token } = await loggedIn(adapter, { transport: 'bearer' })
    const { headers, body } = await send(port, 'GET', '/me', {
      headers: { Authorization: `bearer ${token}` },
    })
    expect(JSON.parse(body).userId).toBe('u_1')
    expect(headers).toMatchObject({ vary: 'Authorization', 'cache-control': 'private, no-store' })
  })

  test('T26: two Authorization lines are refused with 400', async () => {
    const { port, token, engine } = await loggedIn(adapter, { transport: 'bearer' })
    const line = `Authorization: Bearer ${token}\r\n`
    const text = `GET /me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${line}${line}\r\n`
    const answer = await sendRaw(port, text)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"code":"AMBIGUOUS_CREDENTIALS"')
    expect(engine.calls).toEqual([])
  })

  test('T26, T161.12: a token in the query, the path or a form is not read', async () => {
    const { port, token, engine } = await loggedIn(adapter, { transport: 'both' })
    const paths = [`/me?token=${token}`, `/me?__Host-id=${token}`, `/me;__Host-id=${token}`, `/${token}`]
    for (const path of paths) {
      expect((await send(port, 'GET', path)).body).not.toContain('u_1')
    }
    const headers = { ...SAME_ORIGIN, 'Content-Type': 'application/x-www-form-urlencoded' }
    const body = `token=${token}&__Host-id=${token}&Authorization=Bearer+${token}`
    expect(JSON.parse((await send(port, 'POST', '/me', { headers, body })).body).userId).toBeNull()
    expect(engine.calls).toEqual([])
  })

  test('T26: over bearer, log-in hands the token to the handler and sets no cookie', async () => {
    const { port, store } = await start(
      adapter,
      { 'POST /login': async ({ session }) => ({ token: await session.login('u_1') }) },
      { http: { transport: 'bearer' } },
    )
    const { setCookie, body } = await send(port, 'POST', '/login')
    expect(setCookie).toEqual([])
    expect(await store.read(JSON.parse(body).token)).toMatchObject({ userId: 'u_1' })
  })

  test('T27: a route takes the transport that it was made for, and no other', async () => {
    const byCookie = await loggedIn(adapter)
    const bearer = await send(byCookie.port, 'GET', '/me', {
      headers: { Authorization: `Bearer ${byCookie.token}` },
    })
    expect(JSON.parse(bearer.body).userId).toBeNull()
    const byBearer = await loggedIn(adapter, { transport: 'bearer' })
    const cookie = await send(byBearer.port, 'GET', '/me', { headers: byBearer.cookie })
    expect(JSON.parse(cookie.body).userId).toBeNull()
    expect([...byCookie.engine.calls, ...byBearer.engine.calls]).toEqual([])
  })

  test('T27: cookie and bearer together are refused with 400; either alone works', async () => {
    const { port, token, engine, cookie } = await loggedIn(adapter, { transport: 'both' })
    const Authorization = `Bearer ${token}`
    const both = await send(port, 'GET', '/me', { headers: { ...cookie, Authorization } })
    expect([both.status, JSON.parse(both.body).code]).toEqual([400, 'AMBIGUOUS_CREDENTIALS'])
    expect(engine.calls).toEqual([])
    for (const headers of [cookie, { Authorization }, { ...cookie, Authorization: 'Basic eDp5' }]) {
      const alone = await send(port, 'GET', '/me', { headers })
      expect(JSON.parse(alone.body).userId).toBe('u_1')
      expect(alone.headers.vary).toBe('Cookie, Authorization')
    }
  })

  test('T28: no other header selects, extends or authenticates a session', async () => {
    const { port, token, id, engine } = await loggedIn(adapter)
    const headers = {
      'X-User-Id': 'u_1',
      'X-Session': token,
      'X-Session-Id': id,
      'X-Forwarded-User': 'u_1',
      'X-Forwarded-For': '127.0.0.1',
      'X-Middleware-Subrequest': 'middleware',
      'Proxy-Authorization': `Bearer ${token}`,
      'Set-Cookie': `__Host-id=${token}`,
      Cookie2: `__Host-id=${token}`,
    }
    const { body } = await send(port, 'GET', '/me', { headers })
    expect(JSON.parse(body)).toMatchObject({ id: null, userId: null })
    expect(engine.calls).toEqual([])
  })
})

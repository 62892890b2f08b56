import { describe, expect, test } from 'vitest'
import { Browser, send } from '../http/client.test-support.ts'
import { loggedIn } from './app.test-support.ts'
import { ADAPTERS, type Routes, start } from './servers.test-support.ts'

describe.each(ADAPTERS)('over $name', (adapter) => {
  test('T24: whatever sets the cookie is not to be stored, redirects and errors among them', async () => {
    const { port } = await start(adapter, {
      'POST /': async ({ session, request, response }) => {
        await session.login('u_1')
        const status = Number(request.headers['x-status'])
        response.writeHead(status, {
          'Cache-Control': 'public, max-age=60',
          'CDN-Cache-Control': 'max-age=60',
        })
        response.end()
      },
    })
    for (const status of [200, 302, 304, 404, 500]) {
      const { headers, setCookie } = await new Browser(port).post('/', { 'X-Status': status })
      expect(setCookie).toHaveLength(1)
      expect(headers).toMatchObject({ 'cache-control': 'private, no-store', vary: 'Cookie' })
      expect(headers['cdn-cache-control']).toBeUndefined()
    }
  })

  const LOOKS: Readonly<Record<string, Routes[string]>> = {
    data: ({ session }) => void session.data,
    id: ({ session }) => void session.id,
    userId: ({ session }) => void session.userId,
    current: ({ session }) => void session.current,
    list: async ({ session }) => void (await session.list()),
    csrfToken: ({ session }) => void session.csrfToken(),
    requireRecentAuth: ({ session }) => session.requireRecentAuth('1h'),
  }

  test.each(Object.keys(LOOKS))(
    'T25: asking for %s makes the response private, with a session and without',
    async (look) => {
      const { port, cookie } = await loggedIn(
        adapter,
        {},
        {
          'GET /look': async (turn) => {
            await LOOKS[look]?.(turn)
            turn.response.end()
          },
        },
      )
      for (const headers of [cookie, {}]) {
        const answer = await send(port, 'GET', '/look', { headers })
        expect(answer.headers.vary).toBe('Cookie')
        expect(answer.headers['cache-control']).toMatch(/no-store/)
        expect(answer.setCookie).toEqual([])
      }
    },
  )

  test('T25: a route that does not ask is left alone, also when a session was sent', async () => {
    const { port, cookie } = await loggedIn(adapter)
    const { headers } = await send(port, 'GET', '/free', { headers: cookie })
    expect([headers.vary, headers['cache-control']]).toEqual([undefined, undefined])
  })
})

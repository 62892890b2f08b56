import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { createSessionStore, type ReadonlyData, type SessionData, SessionError } from '../core/index.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { memory } from '../engines/memory/index.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import { type WebOptions, withSession } from './web.ts'

async function storeOf() {
  const store = await createSessionStore<SessionData>({
    engine: memory(),
    sweep: false,
    clock: new TestClock(),
  })
  onTestFinished(() => store.close())
  return store
}

const asked = (method: string) => new Request('http://localhost/', { method, headers: SAME_ORIGIN })

/** What Deno hands on beside the request; Bun hands on its server. */
interface Info {
  readonly remoteAddr: { readonly hostname: string }
}
const from = (hostname: string): Info => ({ remoteAddr: { hostname } })

/** The statuses of anonymous sessions that begin at these addresses, one of each address being allowed. */
async function begun(options: WebOptions<[Info]>, ...hostnames: readonly string[]): Promise<number[]> {
  const limited = { ...options, anonymous: { perAddressPerMinute: 1 } }
  const app = withSession(await storeOf(), limited, async (_request, session, _info: Info) => {
    await session.begin()
    return new Response()
  })
  const answers = await Promise.all(hostnames.map((hostname) => app(asked('POST'), from(hostname))))
  return answers.map(({ status }) => status)
}

describe('the handler for servers of the Fetch standard', () => {
  test('T56: the address is found in what the server hands on', async () => {
    const address = (_request: Request, { remoteAddr }: Info) => remoteAddr.hostname
    const seen = ['192.0.2.1', '192.0.2.2', '192.0.2.1']
    expect(await begun({ address }, ...seen)).toEqual([200, 200, 429])
    expect(await begun({}, ...seen)).toEqual([200, 429, 429])
  })

  test('what the handler throws is told, and answered without detail', async () => {
    const heard: unknown[] = []
    const bug = new Error('mine')
    const app = withSession(await storeOf(), { onError: (error) => heard.push(error) }, () => {
      throw bug
    })
    const answer = await app(asked('GET'))
    expect([answer.status, await answer.text(), heard]).toEqual([500, '', [bug]])
  })

  test('without a listener it becomes a warning of the process', async () => {
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve))
    const app = withSession(await storeOf(), {}, () => Promise.reject(new Error('mine')))
    expect((await app(asked('GET'))).status).toBe(500)
    expect((await warning).message).toBe('mine')
  })

  test('T30: an object that answers many requests never carries the cookie of another', async () => {
    const noContent = new Response(null, { status: 204 })
    const app = withSession(await storeOf(), {}, async ({ method }, session) => {
      if (method === 'POST') await session.login('u_1')
      return noContent
    })
    expect((await app(asked('POST'))).headers.getSetCookie()).toHaveLength(1)
    expect((await app(asked('GET'))).headers.getSetCookie()).toEqual([])
    expect(noContent.headers.getSetCookie()).toEqual([])
  })

  test('options are checked when the handler is made', async () => {
    const store = await storeOf()
    expect(() => withSession(store, { origins: ['*'] }, () => new Response())).toThrow(SessionError)
  })

  test('the type of the data reaches the handler, and so does what the server hands on', async () => {
    interface Shop {
      cart: string[]
    }
    const store = await createSessionStore<Shop>({
      engine: memory(),
      sweep: false,
      initial: () => ({ cart: [] }),
    })
    onTestFinished(() => store.close())
    const quiet = { onError: () => undefined }
    const app = withSession(store, quiet, (_request, { data }, info: Info) => {
      expectTypeOf(data).toEqualTypeOf<ReadonlyData<Shop>>()
      // @ts-expect-error: the data has no such field.
      expect(data.basket).toBeUndefined()
      return Response.json([data.cart, info.remoteAddr.hostname])
    })
    expect(await (await app(asked('GET'), from('::1'))).json()).toEqual([[], '::1'])
    // @ts-expect-error: the handler needs what the server hands on.
    expect((await app(asked('GET')).catch(() => null))?.status).toBe(500)
  })
})

import { H3, type H3Event, useSession } from 'h3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type SessionData, type SessionStore } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { Browser } from '../http/client.test-support.ts'
import { sessionOf, sojourn, useSojournSession } from './h3.ts'
import { RUNTIMES, type Runtime, serve } from './h3-promises.test-support.ts'
import type { H3Session } from './h3-session.ts'

async function storeOf<Data = SessionData>(initial: () => Data): Promise<SessionStore<Data>> {
  const store = await createSessionStore<Data>({ engine: memory(), sweep: false, initial })
  onTestFinished(() => store.close())
  return store
}

/** What the examples of h3 use of `useSession`. */
interface Manager {
  readonly id: string | undefined
  readonly data: Readonly<Record<string, unknown>>
  update(update: Fields | ((data: Record<string, unknown>) => Fields | undefined)): Promise<Manager>
  clear(): Promise<Manager>
}
type Fields = Readonly<
  Record<string, string | number | readonly number[] | { readonly [key: string]: number }>
>
type Use = (event: H3Event) => Promise<Manager>

const countOf = ({ count }: Readonly<Record<string, unknown>>) => (typeof count === 'number' ? count : 0) + 1

/** The examples of h3's guide and tests, each as a request of its own. */
const EXAMPLES: Readonly<Record<string, (session: Manager) => unknown>> = {
  '/read': ({ data }) => data,
  '/count': async (session) => {
    const count = countOf(session.data)
    await session.update({ count })
    return count
  },
  '/count-by-function': async (session) => {
    await session.update((data) => ({ count: countOf(data) }))
    return session.data
  },
  '/count-in-place': async (session) => {
    await session.update((data) => {
      data['count'] = countOf(data)
      return undefined
    })
    return session.data
  },
  '/shallow': async (session) => {
    await session.update({ filter: { from: 1, to: 9 }, tags: [1, 2] })
    await session.update({ filter: { from: 2 }, tags: [3] })
    return session.data
  },
  '/chained': async (session) => (await (await session.update({ first: 1 })).update({ second: 2 })).data,
  '/detached': async ({ update }) => (await update({ theme: 'dark' })).data,
  '/large': async (session) => (await session.update({ text: 'x'.repeat(5_000) })).data,
  '/clear': async (session) => {
    const { id } = session
    const cleared = await session.clear()
    return [typeof id, cleared.id ?? null, cleared.data, cleared === session]
  },
}

/** All that a browser hears that runs through the examples, in an order where each meets the one before. */
async function play(app: H3, use: Use, runtime: Runtime): Promise<string[]> {
  for (const [path, example] of Object.entries(EXAMPLES)) {
    app.post(path, async (event) => JSON.stringify(await example(await use(event))))
  }
  const browser = new Browser(await serve(app, runtime))
  const heard: string[] = []
  const steps = ['/read', '/count', '/count', ...Object.keys(EXAMPLES), '/read', '/count', '/read']
  for (const path of steps) {
    const { status, body } = await browser.post(path)
    heard.push(`${path}: ${status} ${body}`)
  }
  return heard
}

const password = 'a password of h3 of more than 32 characters'
const original: Use = (event) => useSession<Record<string, unknown>>(event, { password })

async function ours(
  runtime: Runtime,
  change: (session: H3Session<SessionData>) => Manager,
): Promise<string[]> {
  const store = await storeOf(() => ({}))
  return play(new H3().use(sojourn(store)), async (event) => change(useSojournSession(event, store)), runtime)
}

/** Ways in which the facade can be wrong, over the right one. */
const TWINS: Readonly<Record<string, (session: H3Session<SessionData>) => Manager>> = {
  'forgets what is not named': (session) =>
    posing(session, {
      async update(update) {
        const fields = typeof update === 'function' ? update({ ...session.data }) : update
        await session.update((draft) => {
          for (const key of Object.keys(draft)) delete draft[key]
          return undefined
        })
        return session.update(fields ?? {})
      },
    }),
  'merges deeply': (session) =>
    posing(session, {
      update: (update) =>
        session.update((draft) => {
          const fields = typeof update === 'function' ? update(draft) : update
          const filter = fields?.['filter']
          if (typeof filter !== 'object') return fields
          return { ...fields, filter: { ...Object(draft['filter']), ...filter } }
        }),
    }),
  'shows what it held at first': (session) => posing(session, { data: session.data }),
  'calls a function for nothing': (session) =>
    posing(session, {
      update: (update) => session.update(typeof update === 'function' ? { called: 1 } : update),
    }),
  'keeps the data at clear': (session) => posing(session, { clear: async () => session.update({}) }),
  'answers without itself': (session) =>
    posing(session, { clear: async () => ({ ...(await session.clear()) }) }),
}

/** The same with other members in front of its own. */
function posing(session: H3Session<SessionData>, members: Partial<Manager>): Manager {
  const posed: Manager = Object.create(session, Object.getOwnPropertyDescriptors(members))
  return posed
}

describe.each(RUNTIMES)('useSojournSession (on %s)', (runtime) => {
  test('US1: answers the examples of h3 as useSession does, which catch facades that do not', async () => {
    const expected = await play(new H3(), original, runtime)
    expect(expected.filter((line) => !line.includes(': 200 '))).toEqual([])
    expect(await ours(runtime, (session) => session)).toEqual(expected)
    for (const [what, change] of Object.entries(TWINS)) {
      expect({ what, heard: await ours(runtime, change) }).not.toEqual({ what, heard: expected })
    }
  })

  test('US3: data of 20 KB goes in and comes back, where a sealed cookie would be too large', async () => {
    const store = await storeOf<SessionData>(() => ({}))
    const app = new H3().use(sojourn(store))
    app.get('/', (event) => useSojournSession(event, store).data['text'])
    app.post('/', async (event) => {
      await useSojournSession(event, store).update({ text: 'x'.repeat(20_000) })
      return 'done'
    })
    const browser = new Browser(await serve(app, runtime))
    await browser.post('/')
    expect((await browser.get('/')).body).toHaveLength(20_000)
  })

  test('US2: a sealed cookie of h3, and a forged one of ours, is nobody who can begin anew', async () => {
    const store = await storeOf<SessionData>(() => ({ count: 0 }))
    const app = new H3().use(sojourn(store))
    app.get('/', (event) => useSojournSession(event, store).data)
    app.post('/', async (event) => {
      await useSojournSession(event, store).update({ count: 1 })
      return useSojournSession(event, store).data
    })
    const port = await serve(app, runtime)
    for (const forged of ['Fe26.2*1*a*b*c', `${'A'.repeat(48)}`, '%E0%A4%A', '{"id":1}']) {
      const browser = new Browser(port)
      for (const name of ['__Host-id', 'h3']) browser.cookies.set(name, forged)
      const before = await browser.get('/')
      expect([before.status, before.body]).toEqual([200, '{"count":0}'])
      const { status, body, setCookie } = await browser.post('/')
      expect([status, body, setCookie.length]).toEqual([200, '{"count":1}', 1])
      expect((await browser.get('/')).body).toBe('{"count":1}')
    }
  })

  test('US4: what was revoked elsewhere is gone at the next request', async () => {
    const store = await storeOf<SessionData>(() => ({}))
    const app = new H3().use(sojourn(store))
    app.get('/', (event) => useSojournSession(event, store).data)
    app.post('/', async (event) => {
      await sessionOf(event, store).login('u_1')
      return (await useSojournSession(event, store).update({ theme: 'dark' })).data
    })
    const browser = new Browser(await serve(app, runtime))
    await browser.post('/')
    expect((await browser.get('/')).body).toBe('{"theme":"dark"}')
    expect(await store.revokeUser('u_1')).toHaveLength(1)
    expect((await browser.get('/')).body).toBe('{}')
  })
})

interface Basket {
  items: string[]
  coupon?: string
}

/** Lets a handler work on a session that holds a coupon; what it answered. */
async function withCoupon(handle: (session: H3Session<Basket>, store: SessionStore<Basket>) => unknown) {
  const store = await storeOf<Basket>(() => ({ items: [] }))
  const app = new H3({ silent: true }).use(sojourn(store))
  app.post('/', async (event) => {
    const session = useSojournSession(event, store)
    await session.update({ items: ['tea'], coupon: 'spring' })
    return handle(session, store)
  })
  const response = await app.request('/', { method: 'POST', headers: { 'Sec-Fetch-Site': 'same-origin' } })
  return { status: response.status, body: await response.text() }
}

describe('useSojournSession, beyond h3', () => {
  test('remove takes one field away, which no update can', async () => {
    const { body } = await withCoupon(async ({ remove }) => (await remove('coupon')).data)
    expect(JSON.parse(body)).toEqual({ items: ['tea'] })
  })

  test('a field that the data cannot be without is not removed, and fields keep their types', async () => {
    const { body } = await withCoupon(({ data, update, remove }) => {
      const items: readonly string[] = data.items
      const coupon: string | undefined = data.coupon
      const wrong = [
        // @ts-expect-error: always there.
        () => remove('items'),
        // @ts-expect-error: no such field.
        () => update({ item: 'tea' }),
        // @ts-expect-error: no such type.
        () => update((basket) => ({ items: basket.items.length })),
      ]
      return [items, coupon, wrong.length]
    })
    expect(JSON.parse(body)).toEqual([['tea'], 'spring', 3])
  })

  test('a function that waits is refused, and changes nothing', async () => {
    const { body } = await withCoupon(async (session) => {
      // @ts-expect-error: it returns a promise.
      const change = session.update(async () => ({ coupon: 'late' }))
      const code: unknown = await change.catch((error: unknown) => error)
      return { code, coupon: session.data.coupon }
    })
    expect(JSON.parse(body)).toMatchObject({ code: { code: 'INVALID_ARGUMENT' }, coupon: 'spring' })
  })

  test('an update of a session that ended meanwhile resolves, and is not stored', async () => {
    const { body } = await withCoupon(async (session, store) => {
      const { id } = session
      if (id !== undefined) await store.revoke({ id, operator: true })
      const after = await session.update({ coupon: 'late' })
      return [after.id ?? null, after.data]
    })
    expect(JSON.parse(body)).toEqual([null, { items: [] }])
  })

  test('a visitor who only looks gets no session, no id and no cookie', async () => {
    const store = await storeOf<Basket>(() => ({ items: [] }))
    const app = new H3().use(sojourn(store))
    app.get('/', (event) => [useSojournSession(event, store).id ?? null])
    const response = await app.request('/')
    expect([await response.json(), response.headers.getSetCookie()]).toEqual([[null], []])
  })
})

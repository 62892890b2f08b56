import { afterEach, describe, expect, test, vi } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { isPlainObject } from '../core/foreign-data.ts'
import { called } from './express-site.test-support.ts'
import { standStill } from './express-world.test-support.ts'
import { FastifyDesk } from './fastify-desk.ts'
import { fastifySite, type LiveSession } from './fastify-site.test-support.ts'
import { type FastifyProcess, fastifyProcesses } from './fastify-world.test-support.ts'
import { SCENARIOS } from './scenarios.test-support.ts'
import { dataOf } from './site.test-support.ts'

const [MEMORY] = ENGINES
const [LOST_UPDATE] = SCENARIOS
afterEach(() => void vi.restoreAllMocks())

interface Promised {
  readonly promise: string
  readonly wrongWith: (process: FastifyProcess) => Promise<string[]>
  /** Makes a part wrong, so that the promise is broken. */
  readonly break: () => void
}

/** Has what is read be handed over with another cookie. */
function givingCookie(change: (cookie: Record<string, unknown>, id: string) => object): void {
  const { get } = FastifyDesk.prototype
  vi.spyOn(FastifyDesk.prototype, 'get').mockImplementation(async function (
    this: FastifyDesk<unknown>,
    id: string,
  ) {
    const found: unknown = await Reflect.apply(get, this, [id])
    const { cookie }: { readonly cookie?: unknown } = isPlainObject(found) ? found : {}
    return isPlainObject(cookie) ? { ...Object(found), cookie: change(cookie, id) } : null
  })
}

const PROMISES: readonly Promised[] = [
  {
    promise: 'EX5: a save is a change to what its request has read',
    wrongWith: async ({ store }) => (await LOST_UPDATE?.wrongWith(await fastifySite(store))) ?? [],
    // Without what goes along under a symbol.
    break: () => givingCookie((cookie) => Object.fromEntries(Object.entries(cookie))),
  },
  {
    promise: 'FA5: the date in the cookie is the one that the record has',
    async wrongWith({ store }) {
      const move = standStill()
      const browser = (await fastifySite(store, { cookie: { maxAge: 60_000 } })).browser()
      await browser.post('/data?set=x:1')
      for (let turn = 0; turn < 3; turn += 1) {
        move(40_000)
        const { x } = dataOf((await browser.get('/data')).body)
        if (x !== '1') return [`it is gone at request ${turn}`]
      }
      return []
    },
    break: () => {
      const first = new Map<string, unknown>()
      givingCookie((cookie, id) => {
        const { expires } = cookie
        first.set(id, first.get(id) ?? expires)
        return { ...cookie, expires: first.get(id) }
      })
    },
  },
  {
    promise: 'a reload that fails empties nothing',
    async wrongWith({ store, line }) {
      const caught = async (_request: object, live: { reload(): Promise<void> }) => {
        line.fail('read')
        await live.reload().catch(() => undefined)
      }
      const browser = (await fastifySite(store, {}, { '/caught': caught })).browser()
      await browser.post('/data?set=user:ada')
      await browser.post('/caught')
      const { user } = dataOf((await browser.get('/data')).body)
      return user === 'ada' ? [] : ['ada is logged out']
    },
    break: () => vi.spyOn(FastifyDesk.prototype, 'unread').mockReturnValue({ cookie: {} }),
  },
  {
    promise: 'a field with the name of a method locks nobody out',
    async wrongWith({ store }) {
      const shadow = async (_request: object, live: LiveSession) => {
        const saved = called((done) =>
          store.set(live.sessionId, Object.assign(live, { isModified: 'mine' }), done),
        )
        await saved.catch(() => undefined)
        Reflect.deleteProperty(live, 'isModified')
      }
      const site = await fastifySite(store, { rolling: false }, { '/shadow': shadow })
      const browser = site.browser()
      await browser.post('/data?set=x:1')
      await browser.post('/shadow')
      const { status } = await browser.get('/data')
      return status === 200 ? [] : [`answered with ${status} for ever`]
    },
    break: () => {
      const { set } = FastifyDesk.prototype
      vi.spyOn(FastifyDesk.prototype, 'set').mockImplementation(function (
        this: FastifyDesk<unknown>,
        id,
        session,
      ) {
        return Reflect.apply(set, this, [id, Object.setPrototypeOf({ ...session }, null)])
      })
    },
  },
]

describe.each(PROMISES)('@fastify/session, $promise', ({ wrongWith, break: breakIt }) => {
  test('is kept', async () => {
    expect(await wrongWith(await (await fastifyProcesses(MEMORY))())).toEqual([])
  })

  test('is seen to be broken by a broken twin', async () => {
    breakIt()
    expect(await wrongWith(await (await fastifyProcesses(MEMORY))())).not.toEqual([])
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  type INestApplication,
  Inject,
  Module,
  Post,
  Session,
  type Type,
  UseGuards,
} from '@nestjs/common'
import { APP_FILTER, APP_GUARD, HttpAdapterHost, NestFactory } from '@nestjs/core'
import { expect, onTestFinished } from 'vitest'
import { createSessionStore, type SessionData, type SessionStore } from '../core/index.ts'
import { lmdb } from '../engines/lmdb/index.ts'
import { memory } from '../engines/memory/index.ts'
import { Browser, send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import type { RequestSession } from '../http/index.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import { latch } from './behaviour.test-support.ts'
import { CurrentSession, LoggedIn, SESSION_STORE, SojournModule } from './nestjs.ts'
import {
  decorate,
  listening,
  moduleOf,
  type Platform,
  type Providers,
  QUIET,
} from './nestjs-subject.test-support.ts'

type Visitor = RequestSession<SessionData>

export type TwinName =
  | 'unsaved'
  | 'never closed'
  | 'closed early'
  | 'late'
  | 'no filter'
  | 'catches all'
  | 'private'

export interface Promised {
  readonly title: string
  /** `adapt` is what makes a twin of the module. */
  check(platform: Platform, adapt: (module: DynamicModule) => DynamicModule): Promise<void>
  readonly twin: TwinName
}

export async function setUp() {
  const engine = new FaultyEngine(memory())
  const store = await createSessionStore<SessionData>({ engine, sweep: false })
  onTestFinished(async () => {
    engine.cut('none')
    await store.close()
  })
  const { token } = await store.create({ userId: 'u_1' })
  return { engine, store, token, headers: { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` } }
}

/** A shop that remembers a cart, and a page for those who are logged in. */
export function shop(): Type {
  class Shop {
    async add(session: Visitor): Promise<boolean> {
      return session.update((draft) => Object.assign(draft, { cart: ['tea'] }))
    }
    cart({ data: { cart = null } }: Visitor): unknown {
      return cart
    }
    account({ userId }: Visitor): string | null {
      return userId
    }
    fail(): never {
      throw new Error('mine')
    }
    async misuse(session: Visitor): Promise<void> {
      await session.logout()
    }
  }
  Controller()(Shop)
  decorate(Shop, 'add', { method: [Post('add')], parameters: [Session()] })
  decorate(Shop, 'cart', { method: [Get('cart')], parameters: [Session()] })
  decorate(Shop, 'account', { method: [Get('account'), UseGuards(LoggedIn)], parameters: [CurrentSession()] })
  decorate(Shop, 'fail', { method: [Get('fail')] })
  decorate(Shop, 'misuse', { method: [Get('misuse')], parameters: [CurrentSession()] })
  return Shop
}

export function create(
  platform: Platform,
  module: DynamicModule,
  providers: Providers = [],
): Promise<INestApplication> {
  return NestFactory.create(moduleOf([module], [shop()], providers), platform.adapter(), QUIET)
}

/** What is said in the guides of Nest: one filter for everything. */
class CatchEverything implements ExceptionFilter {
  readonly #host: HttpAdapterHost

  constructor(host: HttpAdapterHost) {
    this.#host = host
  }

  catch(exception: unknown, host: ArgumentsHost): void {
    const status = exception instanceof HttpException ? exception.getStatus() : 418
    this.#host.httpAdapter.reply(host.switchToHttp().getResponse(), { own: String(exception) }, status)
  }
}
Catch()(CatchEverything)

const OWN_FILTER = {
  provide: APP_FILTER,
  inject: [HttpAdapterHost],
  useFactory: (host: HttpAdapterHost) => new CatchEverything(host),
}

const SESSIONS: readonly Promised[] = [
  {
    title: 'NE1: what a handler keeps in @Session() is there at the next request',
    async check(platform, adapt) {
      const { store } = await setUp()
      const browser = new Browser(
        await listening(await create(platform, adapt(SojournModule.forRoot({ store })))),
      )
      expect((await browser.get('/cart')).body).toMatch(/^(null)?$/)
      expect(await browser.post('/add')).toMatchObject({ status: 201, body: 'true' })
      expect((await browser.get('/cart')).body).toBe('["tea"]')
    },
    twin: 'unsaved',
  },
  {
    title: 'NE3: a guard sees the session, and LoggedIn refuses with 401 who is not logged in',
    async check(platform, adapt) {
      const { store, headers, engine } = await setUp()
      const port = await listening(await create(platform, adapt(SojournModule.forRoot({ store }))))
      expect((await send(port, 'GET', '/account')).status).toBe(401)
      expect(await send(port, 'GET', '/account', { headers })).toMatchObject({ status: 200, body: 'u_1' })
      engine.cut('fails')
      expect((await send(port, 'GET', '/account', { headers })).status).toBe(503)
    },
    twin: 'late',
  },
  {
    title: "NE3: the application's own guard for everything sees it too",
    async check(platform, adapt) {
      const { store, headers } = await setUp()
      const seen: unknown[] = []
      const guard: CanActivate = {
        canActivate(context: ExecutionContext) {
          seen.push(context.switchToHttp().getRequest().session?.userId)
          return true
        },
      }
      const app = await create(platform, adapt(SojournModule.forRoot({ store })), [
        { provide: APP_GUARD, useValue: guard },
      ])
      app.setGlobalPrefix('api')
      await send(await listening(app), 'GET', '/api/cart', { headers })
      expect(seen).toEqual(['u_1'])
    },
    twin: 'late',
  },
]

/** A provider of another module that works on the store. */
function accounts(): Type {
  class Accounts {
    readonly sessions: SessionStore<SessionData>
    constructor(sessions: SessionStore<SessionData>) {
      this.sessions = sessions
    }
  }
  Inject(SESSION_STORE)(Accounts, undefined, 0)
  return Accounts
}

const STORES: readonly Promised[] = [
  {
    title: 'NE2: closing the application closes the engine, and another can open its files',
    async check(platform, adapt) {
      const path = await mkdtemp(join(tmpdir(), 'sojourn-nest-'))
      onTestFinished(() => rm(path, { recursive: true, force: true }))
      const open = () => createSessionStore<SessionData>({ engine: lmdb({ path }), sweep: false })
      const module = SojournModule.forRootAsync({ useFactory: async () => ({ store: await open() }) })
      const app = await create(platform, adapt(module))
      const store: SessionStore<SessionData> = app.get(SESSION_STORE)
      onTestFinished(() => store.close())
      const port = await listening(app)
      const { token } = await store.create({ userId: 'u_1' })
      expect((await send(port, 'GET', '/account', { headers: { Cookie: `__Host-id=${token}` } })).body).toBe(
        'u_1',
      )
      await app.close()
      const after = await store.read(token).catch((error: unknown) => error)
      expect(after).toMatchObject({ code: 'STORE_CLOSED' })
      const again = await open()
      onTestFinished(() => again.close())
      expect(await again.read(token)).toMatchObject({ userId: 'u_1' })
    },
    twin: 'never closed',
  },
  {
    title: 'NE2: a request that is under way while the application closes can still write',
    async check(platform, adapt) {
      const { store, engine, headers, token } = await setUp()
      const reading = latch()
      const goOn = latch()
      const app = await create(platform, adapt(SojournModule.forRoot({ store })))
      const port = await listening(app)
      engine.before(async (verb) => {
        if (verb !== 'read') return
        reading.open()
        await goOn.opened
      })
      const answer = send(port, 'POST', '/add', { headers })
      await reading.opened
      const closing = app.close()
      await new Promise((resolve) => setImmediate(resolve))
      goOn.open()
      expect(await answer).toMatchObject({ status: 201, body: 'true' })
      await closing
      expect(await store.read(token).catch((error: unknown) => error)).toMatchObject({ code: 'STORE_CLOSED' })
    },
    twin: 'closed early',
  },
  {
    title: 'the store is there for the providers of every module, and opened by what other providers know',
    async check(platform, adapt) {
      const { store } = await setUp()
      const Settings = moduleOf([], [])
      Module({
        providers: [{ provide: 'settings', useValue: { transport: 'bearer' } }],
        exports: ['settings'],
      })(Settings)
      const module = SojournModule.forRootAsync({
        imports: [Settings],
        inject: ['settings'],
        useFactory: async (settings: { readonly transport: 'bearer' }) => ({ store, ...settings }),
      })
      const Accounts = accounts()
      const Feature = moduleOf([], [], [Accounts])
      const root = moduleOf([adapt(module), Feature], [shop()])
      const app = await NestFactory.create(root, platform.adapter(), { ...QUIET, abortOnError: false }).catch(
        () => null,
      )
      expect(app?.get(Accounts, { strict: false }).sessions).toBe(store)
      if (app === null) return
      const { token } = await store.create({ userId: 'u_1' })
      const headers = { Authorization: `Bearer ${token}` }
      expect((await send(await listening(app), 'GET', '/account', { headers })).body).toBe('u_1')
    },
    twin: 'private',
  },
]

const FAILURES: readonly Promised[] = [
  {
    title: 'T75: failures are problem+json, also where the application has a filter for everything',
    async check(platform, adapt) {
      const { store, engine, headers } = await setUp()
      const app = await create(platform, adapt(SojournModule.forRoot({ store })), [OWN_FILTER])
      app.enableCors({ origin: 'https://shop.example' })
      const port = await listening(app)
      const forged = { ...headers, 'Sec-Fetch-Site': 'cross-site' }
      for (const path of ['/add', '/nowhere']) {
        const { status, body } = await send(port, 'POST', path, { headers: forged })
        expect([path, status, JSON.parse(body)]).toMatchObject([path, 403, { code: 'ORIGIN_REFUSED' }])
      }
      engine.cut('fails')
      const { status, headers: told, setCookie, body } = await send(port, 'GET', '/account', { headers })
      expect([status, JSON.parse(body), setCookie]).toMatchObject([503, { code: 'ENGINE_UNAVAILABLE' }, []])
      expect(told['content-type']).toMatch(/^application\/problem\+json/)
      expect(told['retry-after']).toMatch(/^[1-5]$/)
      expect(told['access-control-allow-origin']).toBe('https://shop.example')
    },
    twin: 'no filter',
  },
  {
    title: "what is not for the client to hear of goes to the application's filter",
    async check(platform, adapt) {
      const { store, headers } = await setUp()
      const app = await create(platform, adapt(SojournModule.forRoot({ store })), [OWN_FILTER])
      const port = await listening(app)
      const mine = await send(port, 'GET', '/fail', { headers })
      expect([mine.status, mine.body]).toEqual([418, '{"own":"Error: mine"}'])
      const misuse = await send(port, 'GET', '/misuse', { headers })
      expect([misuse.status, misuse.body]).toEqual([
        418,
        expect.stringContaining('must not change a session'),
      ])
    },
    twin: 'catches all',
  },
  {
    title: 'without such a filter it is a bare 500',
    async check(platform, adapt) {
      const { store, headers } = await setUp()
      const port = await listening(await create(platform, adapt(SojournModule.forRoot({ store }))))
      for (const path of ['/fail', '/misuse']) {
        const { status, body } = await send(port, 'GET', path, { headers })
        expect([path, status, JSON.parse(body).message]).toEqual([path, 500, 'Internal server error'])
      }
    },
    twin: 'catches all',
  },
]

export const PROMISES: readonly Promised[] = [...SESSIONS, ...STORES, ...FAILURES]

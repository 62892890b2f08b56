import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  type DynamicModule,
  type ExecutionContext,
  HttpException,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type Provider,
} from '@nestjs/common'
import { APP_FILTER, APP_INTERCEPTOR, NestFactory } from '@nestjs/core'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { ExpressAdapter } from '@nestjs/platform-express'
import type { RequestHandler } from 'express'
import { afterEach, describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { createSessionStore, type SessionData, type SessionStore } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { openNode, RequestSession, SessionGate } from '../http/index.ts'
import { behave } from './behaviours.test-support.ts'
import { LoggedIn, SESSION_STORE, SojournModule, type SojournOptions } from './nestjs.ts'
import { SessionErrors } from './nestjs-errors.ts'
import { create, PROMISES, setUp, shop, type TwinName } from './nestjs-promises.test-support.ts'
import {
  listening,
  moduleOf,
  NEST_ON_EXPRESS,
  NEST_ON_FASTIFY,
  ON_EXPRESS,
  PLATFORMS,
  QUIET,
} from './nestjs-subject.test-support.ts'

for (const subject of [NEST_ON_EXPRESS, NEST_ON_FASTIFY]) behave(subject)

afterEach(() => void vi.restoreAllMocks())

class NeverClosed extends SojournModule {
  override async onApplicationShutdown(): Promise<void> {}
}

class ClosedEarly extends SojournModule {
  async onModuleDestroy(): Promise<void> {
    await this.onApplicationShutdown()
  }
}

class Unopened extends SojournModule {
  override async configure(): Promise<void> {}
}

/** After every guard. */
const inInterceptor: Provider = {
  provide: APP_INTERCEPTOR,
  inject: [SESSION_STORE],
  useFactory: (store: SessionStore<SessionData>) => {
    const gate = new SessionGate<SessionData, object>(store)
    return {
      async intercept(context: ExecutionContext, next: CallHandler) {
        const asked = context.switchToHttp().getRequest()
        const response = context.switchToHttp().getResponse()
        const turn = { request: asked.raw ?? asked, response: response.raw ?? response, asked }
        Object.defineProperty(asked, 'session', { value: await openNode(gate, turn) })
        return next.handle()
      },
    }
  },
}

class AnswersAll extends SessionErrors {
  override catch(exception: unknown, host: ArgumentsHost): void {
    super.catch(new HttpException(String(exception), 500), host)
  }
}
Catch()(AnswersAll)

function withProviders(module: DynamicModule, change: (provider: Provider) => Provider[]): DynamicModule {
  return { ...module, providers: (module.providers ?? []).flatMap(change) }
}

const isFilter = (provider: Provider) => 'provide' in provider && provider.provide === APP_FILTER

const TWINS: Readonly<Record<TwinName, (module: DynamicModule) => DynamicModule>> = {
  unsaved(module) {
    vi.spyOn(RequestSession.prototype, 'update').mockResolvedValue(true)
    return module
  },
  'never closed': (module) => ({ ...module, module: NeverClosed }),
  'closed early': (module) => ({ ...module, module: ClosedEarly }),
  late: (module) => ({
    ...module,
    module: Unopened,
    providers: [...(module.providers ?? []), inInterceptor],
  }),
  private: (module) => ({ ...module, global: false }),
  'no filter': (module) => withProviders(module, (provider) => (isFilter(provider) ? [] : [provider])),
  'catches all': (module) =>
    withProviders(module, (provider) =>
      isFilter(provider) ? [{ provide: APP_FILTER, useClass: AnswersAll }] : [provider],
    ),
}

describe.each(PLATFORMS)('the module for Nest on $name', (platform) => {
  for (const { title, check } of PROMISES) test(title, () => check(platform, (module) => module))

  for (const { title, check, twin } of PROMISES) {
    test(`the check catches a twin (${twin}) that breaks this: ${title}`, async () => {
      await expect(check(platform, TWINS[twin])).rejects.toMatchObject({ name: 'AssertionError' })
    })
  }

  test('options are asked about the request that both platforms have', async () => {
    const { store } = await setUp()
    const asked: string[] = []
    const module = SojournModule.forRoot({
      store,
      touch({ method, originalUrl, headers }) {
        asked.push(`${method} ${originalUrl} ${headers['x-poll']}`)
        return false
      },
    })
    const port = await listening(await create(platform, module))
    await send(port, 'GET', '/cart?a=1', { headers: { 'X-Poll': 'yes' } })
    expect(asked).toEqual(['GET /cart?a=1 yes'])
  })

  test('options that are unknown or unsafe keep the application from starting', async () => {
    const { store } = await setUp()
    const app = await create(platform, SojournModule.forRoot({ store, origins: [] }))
    onTestFinished(() => app.close())
    await expect(app.init()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a filter that is set on the application itself is asked first, as Nest has it', async () => {
    const { store } = await setUp()
    const app = await create(platform, SojournModule.forRoot({ store }))
    const caught: unknown[] = []
    class Own extends SessionErrors {
      override catch(exception: unknown, host: ArgumentsHost): void {
        caught.push(exception)
        super.catch(exception, host)
      }
    }
    Catch()(Own)
    app.useGlobalFilters(new Own(app.getHttpAdapter()))
    expect((await send(await listening(app), 'POST', '/add')).status).toBe(403)
    expect(caught).toMatchObject([{ code: 'ORIGIN_REFUSED' }])
  })

  test('without the module a handler that asks for the session is told so', async () => {
    const root = moduleOf([], [shop()])
    const app = await NestFactory.create(root, platform.adapter(), QUIET)
    const caught: unknown[] = []
    class Own extends SessionErrors {
      override catch(exception: unknown, host: ArgumentsHost): void {
        caught.push(exception)
        super.catch(exception, host)
      }
    }
    Catch()(Own)
    app.useGlobalFilters(new Own(app.getHttpAdapter()))
    expect((await send(await listening(app), 'GET', '/account')).status).toBe(500)
    expect(caught).toMatchObject([{ code: 'INVALID_ARGUMENT', message: /import SojournModule/ }])
  })
})

describe('the module for Nest', () => {
  test("on Express it is there for Nest's own middleware", async () => {
    const { store, headers } = await setUp()
    const seen: unknown[] = []
    class Shop implements NestModule {
      configure(consumer: MiddlewareConsumer): void {
        const look: RequestHandler = (request, _response, next) => {
          seen.push(request.session.userId)
          next()
        }
        consumer.apply(look).forRoutes('*')
      }
    }
    Module({ imports: [SojournModule.forRoot({ store })], controllers: [shop()] })(Shop)
    const app = await NestFactory.create(Shop, ON_EXPRESS.adapter(), QUIET)
    await send(await listening(app), 'GET', '/cart', { headers })
    expect(seen).toEqual(['u_1'])
  })

  test('on another platform the application does not start', async () => {
    class Other extends ExpressAdapter {
      override getType(): string {
        return 'other'
      }
    }
    const { store } = await setUp()
    const app = await NestFactory.create(moduleOf([SojournModule.forRoot({ store })], []), new Other(), QUIET)
    onTestFinished(() => app.close())
    await expect(app.init()).rejects.toMatchObject({ message: expect.stringContaining('not for other') })
  })

  test('outside of HTTP LoggedIn refuses to guess, and the filter leaves the error alone', () => {
    const host = new ExecutionContextHost([{}, {}])
    host.setType('ws')
    const mistake = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    expect(() => new LoggedIn().canActivate(host)).toThrow(mistake)
    const error = new Error('mine')
    expect(() => new SessionErrors().catch(error, host)).toThrow(error)
  })

  test('a program without HTTP has the store as well', async () => {
    const { store } = await setUp()
    const root = moduleOf([SojournModule.forRoot({ store })], [])
    const context = await NestFactory.createApplicationContext(root, QUIET)
    expect(context.get(SESSION_STORE)).toBe(store)
    await context.close()
    await expect(store.list({ userId: 'u_1' })).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  })

  test('the type of the data goes from the store to the options', async () => {
    interface Bank {
      readonly account: string
    }
    const store = await createSessionStore<Bank>({
      engine: memory(),
      sweep: false,
      initial: () => ({ account: '' }),
    })
    onTestFinished(() => store.close())
    expectTypeOf(SojournModule.forRoot<Bank>)
      .parameter(0)
      .toEqualTypeOf<SojournOptions<Bank>>()
    SojournModule.forRoot<Bank>({ store })
    SojournModule.forRootAsync<Bank>({ useFactory: async (_settings: object) => ({ store }) })
    // @ts-expect-error: the factory gives no store.
    SojournModule.forRootAsync<Bank>({ useFactory: () => ({}) })
    // @ts-expect-error: there is no such option.
    expect(() => SojournModule.forRoot<Bank>({ store, sameSite: 'none' })).not.toThrow()
  })
})

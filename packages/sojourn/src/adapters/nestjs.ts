import {
  type CanActivate,
  createParamDecorator,
  type DynamicModule,
  type ExecutionContext,
  type FactoryProvider,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OnApplicationShutdown,
  UnauthorizedException,
} from '@nestjs/common'
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core'
import { type SessionData, SessionError, type SessionStore } from '../core/index.ts'
import { type HttpOptions, type NodeRequest, RequestSession } from '../http/index.ts'
import { sojourn as express } from './express.ts'
import { type SojournOptions as FastifyOptions, sojourn as fastify } from './fastify.ts'
import { SessionErrors } from './nestjs-errors.ts'

/** What requests of Express and of Fastify have in common. */
export interface NestRequest extends Pick<NodeRequest, 'headers' | 'socket'> {
  readonly method: string
  readonly url: string
  readonly originalUrl: string
}

export interface SojournOptions<Data> extends HttpOptions<NestRequest> {
  /** Closed when the application is. */
  readonly store: SessionStore<Data>
}

export interface SojournAsyncOptions<Data>
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider, 'inject'> {
  /** Gets what `inject` names. */
  readonly useFactory: (...injected: never[]) => SojournOptions<Data> | Promise<SojournOptions<Data>>
}

/** Injects the store: `@Inject(SESSION_STORE) sessions: SessionStore<BankSession>`. */
export const SESSION_STORE = Symbol.for('sojourn.SESSION_STORE')
const OPTIONS = Symbol('sojourn.options')

/**
 * Opens the session of each request before guards, pipes and handlers run, on Express and on Fastify; answers failures of
 * sojourn as problem+json; closes the store when the application shuts down. Import it once, in the root module.
 */
export class SojournModule implements NestModule, OnApplicationShutdown {
  readonly #options: SojournOptions<SessionData>
  readonly #host: HttpAdapterHost

  constructor(options: SojournOptions<SessionData>, host: HttpAdapterHost) {
    this.#options = options
    this.#host = host
  }

  static forRoot<Data>(options: SojournOptions<Data>): DynamicModule {
    return SojournModule.forRootAsync({ useFactory: () => options })
  }

  /** For a store that is opened when the application starts, or options that other providers know. */
  static forRootAsync<Data>(options: SojournAsyncOptions<Data>): DynamicModule {
    const { imports = [], inject = [], useFactory } = options
    return {
      module: SojournModule,
      global: true,
      imports,
      providers: [
        { provide: OPTIONS, inject, useFactory },
        { provide: SESSION_STORE, inject: [OPTIONS], useFactory: storeOf },
        { provide: APP_FILTER, useClass: SessionErrors },
      ],
      exports: [SESSION_STORE],
    }
  }

  /** Called by Nest. Not a middleware of Nest: one would get Node's own request on Fastify, which no handler sees. */
  async configure(): Promise<void> {
    const { store, ...http } = this.#options
    const { httpAdapter } = this.#host
    const platform = httpAdapter.getType()
    if (platform === 'express') httpAdapter.use(express(store, http))
    else if (platform === 'fastify')
      await httpAdapter.getInstance<Fastify>().register(fastify, { store, ...http })
    else throw misuse(`SojournModule is for Express and Fastify, not for ${platform}.`)
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#options.store.close()
  }
}
Module({})(SojournModule)
Inject(OPTIONS)(SojournModule, undefined, 0)
Inject(HttpAdapterHost)(SojournModule, undefined, 1)

interface Fastify {
  register(plugin: typeof fastify, options: FastifyOptions): PromiseLike<unknown>
}

/** The request's session: `@CurrentSession() session: RequestSession<BankSession>`. */
export const CurrentSession = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  sessionOf(context),
)

/** Lets a request pass only if somebody is logged in; 401 otherwise. */
export class LoggedIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (sessionOf(context).userId === null) throw new UnauthorizedException()
    return true
  }
}
Injectable()(LoggedIn)

function sessionOf(context: ExecutionContext): RequestSession<unknown> {
  if (context.getType() === 'http') {
    const { session } = context.switchToHttp().getRequest<{ readonly session?: unknown }>()
    if (session instanceof RequestSession) return session
  }
  throw misuse('There is no session here: import SojournModule, and ask in HTTP handlers and guards only.')
}

function storeOf({ store }: SojournOptions<SessionData>): SessionStore<SessionData> {
  return store
}

function misuse(detail: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', detail)
}

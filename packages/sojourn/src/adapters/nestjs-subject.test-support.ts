import {
  All,
  Controller,
  type INestApplication,
  Module,
  type ModuleMetadata,
  type NestApplicationOptions,
  Req,
  Res,
  type Type,
} from '@nestjs/common'
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { Response } from 'express'
import type { FastifyReply } from 'fastify'
import { onTestFinished } from 'vitest'
import type { SessionData } from '../core/index.ts'
import type { RequestSession } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import type { App, Handle, Subject } from './behaviour.test-support.ts'
import { answerFastify } from './fastify-subject.test-support.ts'
import { CurrentSession, type NestRequest, SojournModule } from './nestjs.ts'
import { answer } from './node-subject.test-support.ts'

/** What stands below Nest. */
export interface Platform {
  readonly name: 'express' | 'fastify'
  adapter(http2?: boolean): AbstractHttpAdapter
}

export const ON_EXPRESS: Platform = { name: 'express', adapter: () => new ExpressAdapter() }
const ON_FASTIFY: Platform = {
  name: 'fastify',
  adapter: (http2 = false) =>
    http2 ? new FastifyAdapter({ http2: true, forceCloseConnections: true }) : new FastifyAdapter(),
}
export const PLATFORMS: readonly Platform[] = [ON_EXPRESS, ON_FASTIFY]

export const NEST_ON_EXPRESS: Subject = {
  name: 'nestjs on express',
  serve: (app) => serve(ON_EXPRESS, app),
}
export const NEST_ON_FASTIFY: Subject = {
  name: 'nestjs on fastify',
  http2: true,
  serve: (app) => serve(ON_FASTIFY, app),
}

async function serve(platform: Platform, { store, options, handle, http2 }: App): Promise<number> {
  const root = moduleOf([SojournModule.forRoot({ store, ...options })], [shopOf(handle)])
  return listening(await NestFactory.create(root, platform.adapter(http2), QUIET))
}

export const QUIET: NestApplicationOptions = { logger: false }

/** Its port of loopback, until the test ends. */
export async function listening(app: INestApplication): Promise<number> {
  onTestFinished(() => app.close())
  await app.init()
  await app.getHttpAdapter().getInstance().ready?.()
  return listen(app.getHttpServer())
}

export type Imports = NonNullable<ModuleMetadata['imports']>
export type Providers = NonNullable<ModuleMetadata['providers']>

/** A root module of its own for each application. */
export function moduleOf(imports: Imports, controllers: Type[], providers: Providers = []): Type {
  class Root {}
  Module({ imports, controllers, providers })(Root)
  return Root
}

/** What `@Get('path')` and `@CurrentSession()` in front of a method and its parameters do. */
export function decorate(
  { prototype }: Type,
  name: string,
  {
    method,
    parameters = [],
  }: { readonly method: readonly MethodDecorator[]; readonly parameters?: readonly ParameterDecorator[] },
): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
  if (descriptor === undefined) throw new Error(`There is no method ${name}.`)
  parameters.forEach((decorator, index) => void decorator(prototype, name, index))
  for (const decorator of method) decorator(prototype, name, descriptor)
}

/** A controller of one handler for every path. */
function shopOf(handle: Handle): Type {
  class Shop {
    async handle(
      request: NestRequest,
      response: Response | FastifyReply,
      session: RequestSession<SessionData>,
    ): Promise<void> {
      const { pathname: path, searchParams: query } = new URL(request.url, 'http://localhost')
      const reply = await handle({ method: request.method, path, query, session })
      if ('raw' in response) answerFastify(response, reply)
      else await answer(response, reply)
    }
  }
  Controller()(Shop)
  decorate(Shop, 'handle', { method: [All('*')], parameters: [Req(), Res(), CurrentSession()] })
  return Shop
}

import { Controller, Get, HttpCode, Module, type ModuleMetadata, Post, Req, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import type { RequestSession } from 'sojourn/http'
import { CurrentSession, SojournModule } from 'sojourn/nestjs'
import type { Payload } from '../../payload.ts'
import type { Framework, Port } from '../framework.ts'
import { HOST, portOf } from '../listen.ts'
import { type Greeting, greetingOf, loggedInBy, NOBODY_KNOWN, nextUser } from '../users.ts'
import { expressSession } from './express-session.ts'

/** On Express, which is what Nest brings along, beside express-session, which its documentation names. */
export const NESTJS: Framework = {
  async bare() {
    class Alone {
      logIn(): Greeting {
        return NOBODY_KNOWN
      }
      greet(): Greeting {
        return NOBODY_KNOWN
      }
    }
    routed(Alone, null)
    return serve(await applicationOf([], Alone))
  },
  async sojourn(store) {
    class WithSojourn {
      async logIn(opened: RequestSession<Payload>): Promise<Greeting> {
        const { userId, data } = nextUser()
        await opened.login(userId, { data })
        return greetingOf(opened)
      }
      greet(opened: RequestSession<Payload>): Greeting {
        return greetingOf(opened)
      }
    }
    routed(WithSojourn, CurrentSession())
    return serve(await applicationOf([SojournModule.forRoot({ store })], WithSojourn))
  },
  async peer() {
    class WithExpressSession {
      logIn(request: { readonly session: object }): Greeting {
        const user = nextUser()
        Object.assign(request.session, user)
        return greetingOf(user)
      }
      greet(request: { readonly session: object }): Greeting {
        return greetingOf(loggedInBy(request.session))
      }
    }
    routed(WithExpressSession, Req())
    const app = await applicationOf([], WithExpressSession)
    app.use(expressSession())
    return serve(app)
  },
}

/** What `@Post('login')`, `@Get()` and a decorator of the first parameter do. TypeScript cannot just erase those. */
function routed(controller: Type, parameter: ParameterDecorator | null): void {
  const decorate = (name: string, decorators: readonly MethodDecorator[]) => {
    const descriptor = Object.getOwnPropertyDescriptor(controller.prototype, name) ?? {}
    for (const decorator of decorators) decorator(controller.prototype, name, descriptor)
    parameter?.(controller.prototype, name, 0)
  }
  Controller()(controller)
  decorate('logIn', [Post('login'), HttpCode(200)])
  decorate('greet', [Get()])
}

function applicationOf(
  imports: NonNullable<ModuleMetadata['imports']>,
  controller: Type,
): Promise<NestExpressApplication> {
  class Root {}
  Module({ imports, controllers: [controller] })(Root)
  return NestFactory.create<NestExpressApplication>(Root, new ExpressAdapter(), { logger: false })
}

async function serve(app: NestExpressApplication): Promise<Port> {
  return portOf(await app.listen(0, HOST))
}

import Koa from 'koa'
import createSession from 'koa-session'
import { sojourn } from 'sojourn/koa'
import type { Framework } from '../framework.ts'
import { listen } from '../listen.ts'
import { greetingOf, loggedInBy, NOBODY_KNOWN, nextUser, SECRET } from '../users.ts'

/** Beside koa-session with its defaults: all data is in the cookie, signed. */
export const KOA: Framework = {
  bare() {
    const app = new Koa()
    app.use((ctx) => {
      ctx.body = NOBODY_KNOWN
    })
    return listen(app.callback())
  },
  sojourn(store) {
    const app = new Koa().use(sojourn(store)).use(async (ctx) => {
      if (isLogIn(ctx)) {
        const { userId, data } = nextUser()
        await ctx.session.login(userId, { data })
      }
      ctx.body = greetingOf(ctx.session)
    })
    return listen(app.callback())
  },
  peer() {
    const app = new Koa()
    app.keys = [SECRET]
    app.use(createSession(app)).use((ctx) => {
      if (isLogIn(ctx)) Object.assign(ctx.session, nextUser())
      ctx.body = greetingOf(loggedInBy(ctx.session))
    })
    return listen(app.callback())
  },
}

/** Koa has no router of its own. */
function isLogIn({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method === 'POST' && path === '/login'
}

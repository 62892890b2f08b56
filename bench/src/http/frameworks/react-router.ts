import { getRequestListener } from '@hono/node-server'
import {
  createCookieSessionStorage,
  createRequestHandler,
  type LoaderFunctionArgs,
  type MiddlewareFunction,
  type ServerBuild,
} from 'react-router'
import { sojourn } from 'sojourn/react-router'
import type { Framework, Port } from '../framework.ts'
import { listen } from '../listen.ts'
import { greetingOf, loggedInBy, NOBODY_KNOWN, nextUser, SECRET } from '../users.ts'

declare module 'react-router' {
  interface Future {
    v8_middleware: true
  }
}

type Answering = (args: LoaderFunctionArgs) => Response | Promise<Response>

interface Routes {
  readonly loader: Answering
  readonly action: Answering
  readonly middleware: MiddlewareFunction<Response>[]
}

/** A resource route, so that nothing is rendered, beside its own cookie storage: all data is in the cookie, signed. */
export const REACT_ROUTER: Framework = {
  bare() {
    const answer = () => Response.json(NOBODY_KNOWN)
    return serve({ loader: answer, action: answer, middleware: [] })
  },
  sojourn(store) {
    const { middleware, sojournContext } = sojourn(store)
    return serve({
      middleware,
      loader: ({ context }) => Response.json(greetingOf(context.get(sojournContext))),
      async action({ context }) {
        const { userId, data } = nextUser()
        const session = context.get(sojournContext)
        await session.login(userId, { data })
        return Response.json(greetingOf(session))
      },
    })
  },
  peer() {
    const storage = createCookieSessionStorage({ cookie: { secrets: [SECRET] } })
    return serve({
      middleware: [],
      async loader({ request }) {
        const { data } = await storage.getSession(request.headers.get('Cookie'))
        return Response.json(greetingOf(loggedInBy(data)))
      },
      async action() {
        const session = await storage.getSession()
        const { userId, data } = nextUser()
        session.set('userId', userId)
        session.set('data', data)
        const headers = { 'Set-Cookie': await storage.commitSession(session) }
        return Response.json(greetingOf({ userId, data }), { headers })
      },
    })
  },
}

function serve(routes: Routes): Promise<Port> {
  const handle = createRequestHandler(buildOf(routes), 'production')
  return listen(getRequestListener((request) => handle(request)))
}

/** What the bundler of React Router would have made of an application with one resource route. */
function buildOf(routes: Routes): ServerBuild {
  return {
    entry: { module: { default: () => new Response(null, { status: 404 }) } },
    routes: { all: { id: 'all', path: '*', module: { ...routes, default: undefined } } },
    assets: { entry: { imports: [], module: '' }, routes: {}, url: '', version: '1' },
    publicPath: '/',
    assetsBuildDirectory: '',
    future: { v8_middleware: true, v8_passThroughRequests: false, v8_trailingSlashAwareDataRequests: false },
    ssr: true,
    isSpaMode: false,
    prerender: [],
    routeDiscovery: { mode: 'initial', manifestPath: '/__manifest' },
  }
}

import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createRequestHandler, type LoaderFunctionArgs, type ServerBuild } from 'react-router'
import { listen } from '../http/listen.test-support.ts'
import type { App, Subject } from './behaviour.test-support.ts'
import { sojourn } from './react-router.ts'
import { responseOf } from './web-subject.test-support.ts'

declare module 'react-router' {
  interface Future {
    v8_middleware: true
  }
}

type Routes = ServerBuild['routes']

/** What the bundler of React Router would have made of an application with these routes. */
export function buildOf(routes: Routes, hear: (error: unknown) => void = () => undefined): ServerBuild {
  return {
    entry: {
      module: {
        handleError: hear,
        // Instead of rendering: which errors the boundaries get.
        default: (_request, status, headers, { staticHandlerContext }) =>
          new Response(JSON.stringify(staticHandlerContext.errors), { status, headers }),
      },
    },
    routes,
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

export function serveBuild(build: ServerBuild): Promise<number> {
  const handle = createRequestHandler(build, 'production')
  return listen(createServer(getRequestListener((request) => handle(request))))
}

/** React Router 7, whose one resource route answers everything. */
export const REACT_ROUTER: Subject = {
  name: 'react-router',
  serve({ store, options, handle }: App) {
    const { middleware, sojournContext } = sojourn(store, { ...options, address: () => '192.0.2.1' })
    const answer = async ({ request, context }: LoaderFunctionArgs) => {
      const { pathname: path, searchParams: query } = new URL(request.url)
      const session = context.get(sojournContext)
      return responseOf(await handle({ method: request.method, path, query, session }))
    }
    const module = { default: undefined, middleware, loader: answer, action: answer }
    return serveBuild(buildOf({ all: { id: 'all', path: '*', module } }))
  },
}

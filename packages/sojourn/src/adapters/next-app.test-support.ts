import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { writeDocs } from './docs-files.test-support.ts'

const require = createRequire(import.meta.url)
const NEXT = dirname(require.resolve('next/package.json'))
const QUIET = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' } as const

/**
 * An application of Next. Its places ask the test what to do: the one whose server has the port of the request. The
 * adapter is bundled from its source, as Next does with what an application imports.
 */
const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "private": true, "type": "module" }',
  'next.config.mjs': `export default {
  turbopack: { root: '/' },
  outputFileTracingRoot: '/',
  typescript: { ignoreBuildErrors: true },
  serverExternalPackages: ['lmdb'],
  experimental: { cpus: 1, turbopackFileSystemCacheForBuild: false, turbopackMinify: false },
}`,
  'lib/place.js': `import { nextSessions } from 'ADAPTER'
export function placeOf(headers) {
  const port = /:(\\d+)$/.exec(headers.get('host'))[1]
  const place = globalThis[Symbol.for('sojourn.next-app')].get(port)
  place.made ??= place.sessions ?? nextSessions(place.store, place.options)
  return { ...place, sessions: place.made }
}`,
  'instrumentation.js': `export function onRequestError(error, request) {
  const port = /:(\\d+)$/.exec(request.headers.host)[1]
  globalThis[Symbol.for('sojourn.next-app')].get(port)?.heard?.(error)
}`,
  'proxy.js': `import { proxy as shop } from './shop/proxy.ts'
import { placeOf } from './lib/place.js'
export async function proxy(request, event) {
  if (/^\\/(shop|account)/.test(new URL(request.url).pathname)) return shop(request, event)
  const { sessions, proxy } = placeOf(request.headers)
  return proxy === undefined ? undefined : sessions.sessionProxy(proxy)(request, event)
}
export const config = { matcher: '/((?!_next).*)' }`,
  'app/layout.js': `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>
}`,
  'app/page/page.js': `import { after } from 'next/server'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { placeOf } from '../../lib/place.js'
async function act() {
  'use server'
  const { sessions, act } = placeOf(await headers())
  await act({ sessions, after, redirect })
}
async function Who() {
  const session = await placeOf(await headers()).sessions.getSession()
  return <b>{session.userId ?? 'nobody'}</b>
}
export async function generateMetadata() {
  const session = await placeOf(await headers()).sessions.getSession()
  return { title: session.userId ?? 'nobody' }
}
export default async function Page() {
  const { sessions, render } = placeOf(await headers())
  const said = await render?.({ sessions, after })
  return <form action={act}><Who /><Who /><i>{said}</i></form>
}`,
  'app/shop/page.js': `export { default } from '../../shop/app/page.tsx'`,
  'app/shop/api/route.js': `export { GET } from '../../../shop/app/api/cart/route.ts'`,
  'app/[...path]/route.js': `import { cookies } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { placeOf } from '../../lib/place.js'
async function handle(request, context) {
  const { sessions, route, bare } = placeOf(request.headers)
  if (bare !== undefined) return bare({ sessions })
  const next = { sessions, notFound, redirect, cookies }
  return sessions.withSession((asked, session) => route(asked, session, next))(request, context)
}
export { handle as GET, handle as POST }`,
}

export interface BuiltApp {
  readonly folder: string
  remove(): void
}

/** Builds it in a folder of its own, for production. It takes about ten seconds of the processor. */
export async function buildNextApp(): Promise<BuiltApp> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sojourn-next-')))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    write(folder)
    const options = { cwd: folder, env: { ...process.env, ...QUIET } }
    await promisify(execFile)(process.execPath, [join(NEXT, 'dist/bin/next'), 'build'], options)
  } catch (error) {
    remove()
    throw error
  }
  return { folder, remove }
}

function write(folder: string): void {
  const adapter = relative(join(folder, 'lib'), join(import.meta.dirname, 'next.ts'))
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text.replace('ADAPTER', adapter))
  }
  // The application of the documentation is a part of this one, so that one build is enough.
  writeDocs('next.md', join(folder, 'shop'))
  symlinkSync(dirname(NEXT), join(folder, 'node_modules'), 'dir')
}

import { execFile } from 'node:child_process'
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'

const NEXT = dirname(createRequire(import.meta.url).resolve('next/package.json'))
const ROUTES = join(import.meta.dirname, 'routes.js')
const PRODUCTION = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' } as const

/**
 * What Next finds in its folder; the rest is imported from here, so that the root is what holds both. Next would compress
 * its answers: no other framework here does, and a reverse proxy does it better. A cache would never be read again.
 */
const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "private": true, "type": "module" }',
  'next.config.mjs': `export default {
  compress: false,
  turbopack: { root: '/' },
  outputFileTracingRoot: '/',
  experimental: { cpus: 1, turbopackFileSystemCacheForBuild: false },
}`,
  'app/route.js': "export { greet as GET } from 'ROUTES'",
  'app/login/route.js': "export { logIn as POST } from 'ROUTES'",
}

/** Makes the folder, and in it the application of Next, built for production. Takes some ten seconds. */
export async function compileNext(folder: string): Promise<void> {
  mkdirSync(folder)
  // Next goes by where a file really is, and so must the paths that lead from there to what is imported.
  const real = realpathSync(folder)
  for (const [path, text] of Object.entries(FILES)) {
    const file = join(real, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text.replace('ROUTES', relative(dirname(file), ROUTES)))
  }
  symlinkSync(dirname(NEXT), join(real, 'node_modules'), 'dir')
  const options = { cwd: real, env: { ...process.env, ...PRODUCTION } }
  await promisify(execFile)(process.execPath, [join(NEXT, 'dist/bin/next'), 'build'], options)
}

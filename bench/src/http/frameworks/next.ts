import { createRequire } from 'node:module'
import type Next from 'next'
import type { Framework, Port } from '../framework.ts'
import { listen } from '../listen.ts'
import { type Lent, lend } from '../next/lent.ts'

/**
 * Route Handlers of the App Router, built for production, beside iron-session, which Next's documentation names: all
 * data is in the cookie, encrypted. `folder` has what `compileNext` made.
 */
export function nextIn(folder: string): Framework {
  return {
    bare: () => serve(folder, { kind: 'bare' }),
    sojourn: (store) => serve(folder, { kind: 'sojourn', store }),
    peer: () => serve(folder, { kind: 'peer' }),
  }
}

async function serve(folder: string, lent: Lent): Promise<Port> {
  lend(lent)
  Object.assign(process.env, { NEXT_TELEMETRY_DISABLED: '1' })
  // Its types say `default`, where Node gives what the module exports.
  const next: typeof Next.default = createRequire(import.meta.url)('next')
  const app = next({ dev: false, dir: folder, quiet: true })
  await app.prepare()
  const handle = app.getRequestHandler()
  return listen((request, response) => void handle(request, response))
}

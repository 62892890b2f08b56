import './workspace/node-version.mjs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './workspace/build.mjs'
import { ensureInstalled } from './workspace/install.mjs'
import { ROOT } from './workspace/run.mjs'

if (!(await ensureInstalled()) || !(await ensureBuilt())) process.exit(1)

// The bank runs in this process: its arguments, its exit code and the signals sent to us are its own.
await import(pathToFileURL(join(ROOT, 'examples/bank/dist/main.js')).href)

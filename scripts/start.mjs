import './workspace/node-version.mjs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './workspace/build.mjs'
import { ensureInstalled } from './workspace/install.mjs'
import { ROOT } from './workspace/run.mjs'

if (!(await ensureInstalled()) || !(await ensureBuilt())) process.exit(1)

// The bank runs in this process: its exit code, its terminal and the signals sent to us are its own.
const bank = join(ROOT, 'examples/bank/dist/main.js')
process.argv[1] = bank
await import(pathToFileURL(bank).href)

// On Ctrl-C the terminal signals us, and npm does so once more. The second must not cut the drain short.
process.on('SIGINT', () => undefined)

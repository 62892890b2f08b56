import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm, ROOT, run, step } from './run.mjs'

/** Installs what the lockfile names, when something of it is missing. False when that failed. */
export async function ensureInstalled() {
  if (isInstalled()) return true
  const { ok } = await step('install', () => run(npm('ci', '--ignore-scripts', '--no-audit', '--no-fund')))
  return ok
}

/** Compares what is installed with the lockfile by content: file times say nothing after a checkout. */
function isInstalled() {
  const installed = packagesIn('node_modules/.package-lock.json')
  return Object.entries(packagesIn('package-lock.json')).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true
    const found = installed[path]
    if (found === undefined) return isForAnotherSystem(wanted)
    return found.version === wanted.version && found.integrity === wanted.integrity
  })
}

/** Binaries for other systems are named in the lockfile as well, and are rightly absent. */
function isForAnotherSystem({ optional, devOptional }) {
  return optional === true || devOptional === true
}

function packagesIn(file) {
  const path = join(ROOT, file)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {}
}

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { npm, ROOT, run, step } from './run.mjs'

/** In the order in which they need each other. */
const BUILT = ['test/servers', 'packages/sojourn', 'examples/bank']
const NOT_INPUT = /(^|\/)(node_modules|dist|data|coverage)(\/|$)|\.(test|test-support)\.ts$/

/** Builds each workspace whose files changed since its last build. False when one of them failed. */
export async function ensureBuilt() {
  for (const workspace of BUILT) {
    if (hasBuild(workspace) && !(await isBuilt(workspace))) return false
  }
  return true
}

async function isBuilt(workspace) {
  const stamp = join(ROOT, 'node_modules/.cache/sojourn', `${workspace.replace('/', '-')}.sha256`)
  const dist = join(ROOT, workspace, 'dist')
  const inputs = hashOf(workspace)
  if (existsSync(dist) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return true
  // A file that was deleted or renamed must not live on in the output.
  rmSync(dist, { recursive: true, force: true })
  const command = npm('run', 'build', '--workspace', workspace)
  const { ok } = await step(`build ${workspace}`, () => run(command))
  if (!ok) return false
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, inputs)
  return true
}

function hasBuild(workspace) {
  const manifest = join(ROOT, workspace, 'package.json')
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).scripts?.build !== undefined
}

/** A digest of all that may change the output: the workspace's own files, the compiler and its options. */
function hashOf(workspace) {
  const own = readdirSync(join(ROOT, workspace), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .filter((path) => !NOT_INPUT.test(path.replaceAll('\\', '/')))
    .sort()
  const hash = createHash('sha256')
  for (const path of [...own, 'package-lock.json', 'tsconfig.base.json']) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0')
  }
  return hash.digest('hex')
}

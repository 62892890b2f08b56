import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from 'sojourn-servers'
import { inject } from 'vitest'
import { ROOT } from './import-graph.test-support.ts'
import { LIBRARY, library } from './package-files.test-support.ts'

const execute = promisify(execFile)
const INSTALL = ['install', '--offline', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund']
/** With another run beside this one; alone it takes ten seconds. */
const LIMIT_MS = 100_000

/** The library as a release packs it, and a project that has installed the tarball. */
export interface PackedLibrary {
  /** What the tarball holds, by path. */
  readonly files: readonly string[]
  /** The project's folder: to copy, and not to change. */
  readonly project: string
}

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

type Outcome = { readonly packed: PackedLibrary } | { readonly error: string }

/** Packs and installs once in a run: who comes first does it, in whichever worker, and the others wait. */
export async function packedLibrary(): Promise<PackedLibrary> {
  const home = join(inject('runFolder'), 'packed')
  const file = join(home, 'outcome.json')
  if (isFirstAt(home)) writeWhole(file, await outcomeIn(home))
  const found = async (): Promise<Outcome | null> =>
    existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
  const outcome = await until('the library is packed and installed', found, LIMIT_MS)
  if ('error' in outcome) throw new Error(outcome.error)
  return outcome.packed
}

function isFirstAt(home: string): boolean {
  try {
    mkdirSync(home)
    return true
  } catch {
    return false
  }
}

/** Nobody reads half of it. */
function writeWhole(file: string, outcome: Outcome): void {
  writeFileSync(`${file}.part`, JSON.stringify(outcome))
  renameSync(`${file}.part`, file)
}

async function outcomeIn(home: string): Promise<Outcome> {
  try {
    return { packed: await packAndInstall(home) }
  } catch (error) {
    return { error: String(error) }
  }
}

/** As a release does it, and without a network and without scripts. */
async function packAndInstall(home: string): Promise<PackedLibrary> {
  if (!existsSync(join(LIBRARY, 'dist/core/index.js'))) throw new Error('Run `npm run build` first.')
  const project = join(home, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }')
  const theirs = Object.keys(library.dependencies ?? {}).map(installedAt)
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', home, LIBRARY, ...theirs]
  const packed: Packed[] = JSON.parse(await npm(home, ...args))
  const [ours] = packed
  if (ours === undefined) throw new Error(`npm packed nothing in ${LIBRARY}.`)
  const tarballs = packed.map(({ filename }) => join(home, filename))
  await npm(project, ...INSTALL, '--cache', join(home, 'cache'), ...tarballs)
  return { files: ours.files.map(({ path }) => path), project }
}

async function npm(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute('npm', args, { cwd: folder, shell: process.platform === 'win32' })
  return stdout
}

/** Where the library itself finds a package: npm keeps some beside it, when others ask for another version. */
export function installedAt(name: string): string {
  const beside = join(LIBRARY, 'node_modules', name)
  return existsSync(beside) ? beside : join(ROOT, 'node_modules', name)
}

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './import-graph.test-support.ts'
import { LIBRARY, library } from './package-files.test-support.ts'

const execute = promisify(execFile)
const INSTALL = ['install', '--offline', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund']

interface Ran {
  readonly code: number
  readonly output: string
}

/** A folder of a stranger, in which the packed library is installed, and nothing else of this workspace. */
export interface EmptyProject {
  readonly folder: string
  /** What the tarball holds, by path. */
  readonly packed: readonly string[]
  /** Writes a file of the project, below `folder`. */
  write(path: string, text: string): void
  /** Runs `node` in the project to its end, with what it printed on both streams. */
  node(...args: readonly string[]): Promise<Ran>
  remove(): void
}

/** Packs the library as a release does, and installs the tarball without a network and without scripts. */
export async function createEmptyProject(peers: readonly string[]): Promise<EmptyProject> {
  if (!existsSync(join(LIBRARY, 'dist/core/index.js'))) throw new Error('Run `npm run build` first.')
  const home = mkdtempSync(join(tmpdir(), 'sojourn-project-'))
  const folder = join(home, 'project')
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  write('package.json', '{ "name": "project", "private": true, "type": "module" }')
  const ours = await pack(LIBRARY, home)
  const theirs = Object.keys(library.dependencies ?? {}).map((name) => pack(installed(name), home))
  const tarballs = [ours, ...(await Promise.all(theirs))].map(({ filename }) => join(home, filename))
  await npm(folder, ...INSTALL, '--cache', join(home, 'cache'), ...tarballs)
  for (const peer of peers) link(peer, folder)
  return {
    folder,
    packed: ours.files.map(({ path }) => path),
    write,
    node: (...args) => runNode(folder, args),
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

async function pack(folder: string, destination: string): Promise<Packed> {
  const output = await npm(folder, 'pack', '--json', '--ignore-scripts', '--pack-destination', destination)
  const [packed]: Packed[] = JSON.parse(output)
  if (packed === undefined) throw new Error(`npm packed nothing in ${folder}.`)
  return packed
}

async function npm(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute('npm', args, { cwd: folder, shell: process.platform === 'win32' })
  return stdout
}

/** A peer as the user would have it, without installing it again. */
function link(name: string, folder: string): void {
  const place = join(folder, 'node_modules', name)
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(installed(name), place, 'junction')
}

/** Where the library itself finds a package: npm keeps some beside it, when others ask for another version. */
function installed(name: string): string {
  const beside = join(LIBRARY, 'node_modules', name)
  return existsSync(beside) ? beside : join(ROOT, 'node_modules', name)
}

function runNode(cwd: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), output: `${stdout}${stderr}` }),
    )
  })
}

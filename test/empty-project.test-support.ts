import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { installedAt, packedLibrary } from './packed-library.test-support.ts'

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

/** A project of its own for one file of tests, with these peers of the library. */
export async function createEmptyProject(peers: readonly string[]): Promise<EmptyProject> {
  const { files, project } = await packedLibrary()
  const home = mkdtempSync(join(tmpdir(), 'sojourn-project-'))
  const folder = join(home, 'project')
  cpSync(project, folder, { recursive: true, verbatimSymlinks: true })
  for (const peer of peers) link(peer, folder)
  return {
    folder,
    packed: files,
    write: (path, text) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    },
    node: (...args) => runNode(folder, args),
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}

/** A peer as the user would have it, without installing it again. */
function link(name: string, folder: string): void {
  const place = join(folder, 'node_modules', name)
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(installedAt(name), place, 'junction')
}

function runNode(cwd: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), output: `${stdout}${stderr}` }),
    )
  })
}

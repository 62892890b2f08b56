import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './import-graph.test-support.ts'

/** What the tests read of a `package.json`. */
export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

interface LockedPackage {
  readonly integrity?: string
  readonly link?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

export const LIBRARY = join(ROOT, 'packages/sojourn')
export const library: Manifest = JSON.parse(readFileSync(join(LIBRARY, 'package.json'), 'utf8'))
export const lockfile: Lockfile = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))

/** `sojourn`, `sojourn/lmdb`, …: every subpath that holds code. */
export const SUBPATHS = Object.keys(library.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => subpath.replace('.', library.name))

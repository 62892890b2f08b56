import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './import-graph.test-support.ts'
import { library, lockfile } from './package-files.test-support.ts'

const record = readFileSync(join(ROOT, 'docs/decisions/0001-dependencies.md'), 'utf8')

/** The names in the first column of the tables under a heading. */
function namesUnder(heading: string): string[] {
  const section = record.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name)
}

/** Everything that an install of the library alone brings, by name. */
function runtimeGraph(): string[] {
  const seen = new Set<string>()
  const visit = (name: string) => {
    const entry = lockfile.packages[`node_modules/${name}`]
    if (seen.has(name) || entry === undefined) return
    seen.add(name)
    for (const next of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) visit(next)
  }
  for (const name of Object.keys(library.dependencies ?? {})) visit(name)
  return [...new Set([...seen].map((name) => name.replace(/^@msgpackr-extract\/.*/, '@msgpackr-extract/*')))]
}

test('T157: what an install of the library brings is the fixed list of the decision record', () => {
  expect(runtimeGraph().sort()).toEqual(namesUnder('Runtime').sort())
  expect(namesUnder('Runtime')).toEqual(expect.arrayContaining(Object.keys(library.dependencies ?? {})))
})

test('T157: engines and frameworks are peers that the user may leave out', () => {
  const peers = Object.keys(library.peerDependencies ?? {})
  expect(peers.sort()).toEqual(namesUnder('Peers').sort())
  expect(peers.filter((name) => library.peerDependenciesMeta?.[name]?.optional !== true)).toEqual([])
})

test('every dependency of every workspace has a row in the decision record', () => {
  const named = new Set([...record.matchAll(/`([^`\s]+)`/g)].map(([, name]) => name))
  const workspaces = ['.', 'packages/sojourn', 'examples/bank', 'bench', 'test/servers']
  const taken = workspaces.flatMap((workspace) => {
    const manifest: typeof library = JSON.parse(readFileSync(join(ROOT, workspace, 'package.json'), 'utf8'))
    return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  })
  expect(
    [...new Set(taken)].filter((name) => !/^sojourn(-servers)?$/.test(name) && !named.has(name)),
  ).toEqual([])
})

test('versions are exact, so that two installs are the same', () => {
  const manifest: typeof library = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const versions = Object.entries({ ...library.dependencies, ...manifest.devDependencies })
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

test('T156: every package in the lockfile has its integrity', () => {
  const installed = Object.entries(lockfile.packages).filter(
    ([path, entry]) => path.includes('node_modules/') && entry.link !== true,
  )
  expect(installed.length).toBeGreaterThan(100)
  expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([])
})

test('T156: the lockfile names the binaries of every system, so that npm ci works on each', () => {
  const named = new Set(Object.keys(lockfile.packages).map((path) => path.split('node_modules/').at(-1)))
  const wanted = Object.values(lockfile.packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}),
  )
  expect(wanted.length).toBeGreaterThan(20)
  expect(wanted.filter((name) => !named.has(name))).toEqual([])
})

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OPERATIONS } from './contestants/contestant.ts'
import { CONTESTANTS } from './contestants/contestants.ts'
import type { ManySessionsReport, SideBySideReport } from './embedded/report.ts'
import { CONCURRENCIES } from './embedded/side-by-side.ts'

const WORKSPACE = fileURLToPath(new URL('..', import.meta.url))
const LIMIT_MS = 240_000
const folder = mkdtempSync(join(tmpdir(), 'sojourn-bench-test-'))
const stores = join(folder, 'stores')

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function node(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: WORKSPACE }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}

const bench = (...args: readonly string[]) => node('dist/main.js', ...args)

beforeAll(async () => {
  const built = await node('../node_modules/typescript/bin/tsc')
  expect(built).toEqual({ code: 0, stdout: '', stderr: '' })
}, LIMIT_MS)

afterAll(() => rmSync(folder, { recursive: true }))

test('the benchmark measures every store at everything that it can do', { timeout: LIMIT_MS }, async () => {
  const json = join(folder, 'side-by-side.json')
  const { code, stdout, stderr } = await bench('embedded', '--quick', '--dir', stores, '--json', json)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const title of Object.values(CONTESTANTS).map((entry) => entry.title)) expect(stdout).toContain(title)
  const { measured, verdicts }: SideBySideReport = JSON.parse(readFileSync(json, 'utf8'))
  const cells = Object.values(CONTESTANTS).flatMap(({ operations }) => operations)
  expect(measured).toHaveLength(cells.length * CONCURRENCIES.length)
  expect(measured.filter(({ sample }) => sample.operations < 1 || !(sample.p50 <= sample.p99))).toEqual([])
  expect(new Set(measured.map(({ operation }) => operation))).toEqual(new Set(OPERATIONS))
  expect(verdicts.filter(({ limit, value }) => limit !== null && !Number.isFinite(value.value))).toEqual([])
  expect(readdirSync(stores)).toEqual([])
})

test('the benchmark fills a large store, and opens it in a fresh process', {
  timeout: LIMIT_MS,
}, async () => {
  const json = join(folder, 'many-sessions.json')
  const args = ['--sessions', '500', '--quick', '--dir', stores, '--json', json]
  const { code, stderr } = await bench('embedded', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { measured, verdicts }: ManySessionsReport = JSON.parse(readFileSync(json, 'utf8'))
  expect(measured.map(({ sessions }) => sessions)).toEqual([50, 500])
  expect(verdicts.filter(({ value }) => !Number.isFinite(value.value))).toEqual([])
  expect(readdirSync(stores)).toEqual([])
})

test('a goal that is missed fails the run only when that is asked for', { timeout: LIMIT_MS }, async () => {
  const missing = [
    'embedded',
    '--quick',
    '--only',
    'memorystore',
    '--dir',
    stores,
    '--json',
    join(folder, 'm'),
  ]
  expect((await bench(...missing)).code).toBe(0)
  expect((await bench(...missing, '--check')).code).toBe(1)
})

test('a mistyped option is told in one line, with those that there are', async () => {
  const { code, stderr } = await bench('embedded', '--only', 'redis')
  expect(code).toBe(1)
  expect(stderr.split('\n')[0]).toContain('--only takes sojourn-lmdb, raw-lmdb')
  expect((await bench('embedded', '--sessions', 'many')).stderr).toContain('--sessions takes a whole number')
  expect((await bench('embedded', '--fast')).stderr).toContain("Unknown option '--fast'")
})

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ArchiveReport } from './archive/archive-report.ts'
import { KINDS } from './archive/throughput.ts'
import { OPERATIONS } from './contestants/contestant.ts'
import { CONTESTANTS } from './contestants/contestants.ts'
import type { ManySessionsReport, SideBySideReport } from './embedded/report.ts'
import { CONCURRENCIES } from './embedded/side-by-side.ts'
import { FRAMEWORK_NAMES, FRAMEWORKS, type FrameworkName } from './http/frameworks.ts'
import type { HttpReport } from './http/http-report.ts'
import { fullTitle, sidesOf } from './http/sides.ts'
import { VERBS } from './redis/contestants/contestant.ts'
import { isAble, REDIS_CONTESTANT_NAMES, REDIS_CONTESTANTS } from './redis/contestants/contestants.ts'
import { CONCURRENCIES as REDIS_CONCURRENCIES } from './redis/extents.ts'
import type { RedisReport } from './redis/redis-report.ts'
import type { ScaleReport } from './redis/scale/scale-report.ts'
import { SCALE_VERBS } from './redis/scale/scale-verbs.ts'

const WORKSPACE = fileURLToPath(new URL('..', import.meta.url))
const LIMIT_MS = 240_000
/** Usually one contestant of each kind on Redis, and no cluster; `SOJOURN_BENCH=all` for all. */
const { SOJOURN_BENCH } = process.env
const IS_ALL = SOJOURN_BENCH === 'all'
const SOME = ['sojourn-ioredis', 'connect-redis', 'raw-mget'] as const
/** One with a peer, and one without. */
const SOME_FRAMEWORKS: readonly FrameworkName[] = ['node', 'express']
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
  // Types are checked elsewhere.
  const built = await node('../node_modules/typescript/bin/tsc', '--noCheck')
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
  const redis = await bench('redis', '--only', 'memcached')
  expect(redis.code).toBe(1)
  expect(redis.stderr.split('\n')[0]).toContain('--only takes sojourn-ioredis, sojourn-node-redis')
  expect((await bench('redis', '--sessions', '5')).stderr).toContain('--sessions belongs to --scale')
})

test('the benchmark on Redis measures each contestant at everything that it can do', {
  timeout: LIMIT_MS,
}, async () => {
  const json = join(folder, 'redis.json')
  const only = IS_ALL ? [] : ['--only', SOME.join()]
  const { code, stdout, stderr } = await bench('redis', '--quick', ...only, '--json', json)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { measured, roundTrips, memory, cluster, verdicts }: RedisReport = JSON.parse(
    readFileSync(json, 'utf8'),
  )
  for (const name of IS_ALL ? REDIS_CONTESTANT_NAMES : SOME) {
    expect(stdout).toContain(REDIS_CONTESTANTS[name].title)
    for (const verb of VERBS) {
      const able = REDIS_CONCURRENCIES.filter((concurrency) => isAble(name, verb, concurrency))
      const cells = measured.filter((each) => each.contestant === name && each.verb === verb)
      expect(cells.map(({ concurrency }) => concurrency)).toEqual(able)
    }
  }
  expect(measured.filter(({ sample }) => sample.calls < 1 || !(sample.cpu > 0 && sample.p50 > 0))).toEqual([])
  expect(roundTrips.filter(({ each }) => !(each > 0))).toEqual([])
  expect(memory.filter(({ bytesPerSession }) => !(bytesPerSession > 350))).toEqual([])
  expect((cluster?.measured.length ?? 0) > 0).toBe(IS_ALL)
  // A ratio to somebody who did not run cannot be told.
  const untold = verdicts.filter(({ value }) => !Number.isFinite(value.value))
  expect(untold.length).toBeLessThan(IS_ALL ? 1 : verdicts.length)
})

test('the benchmark fills a large Redis store with sessions that can be read, changed and ended', {
  timeout: LIMIT_MS,
}, async () => {
  const json = join(folder, 'redis-scale.json')
  const args = ['--scale', '--quick', '--sessions', '3000', '--json', json]
  const { code, stderr } = await bench('redis', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { measured, stored, sweep, verdicts }: ScaleReport = JSON.parse(readFileSync(json, 'utf8'))
  expect(stored.map(({ sessions }) => sessions)).toEqual([300, 3_000])
  expect(measured.map(({ verb }) => verb)).toEqual(SCALE_VERBS.flatMap((verb) => [verb, verb]))
  expect(sweep.idle.settled).toBe(0)
  expect(sweep.busy.settled).toBeGreaterThan(0)
  expect(verdicts.filter(({ value }) => !Number.isFinite(value.value))).toEqual([])
})

test('the benchmark of the archive settles what it made, and reads beside it', {
  timeout: LIMIT_MS,
}, async () => {
  const json = join(folder, 'archive.json')
  const only = ['--only', IS_ALL ? 'memory,lmdb,redis-ioredis' : 'lmdb']
  const args = ['--quick', ...only, '--dir', stores, '--json', json]
  const { code, stderr } = await bench('archive', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const report: ArchiveReport = JSON.parse(readFileSync(json, 'utf8'))
  const { throughput, beside, promptness, backlog, verdicts } = report
  expect(new Set(throughput.map(({ kind }) => kind))).toEqual(new Set(KINDS))
  expect(new Set(throughput.map(({ selects }) => selects))).toEqual(new Set([true, false]))
  // All of it came to the archive, with its data where that was asked for.
  for (const { sessions, archived, withData, selects, perSecond } of throughput) {
    expect({ archived, withData }).toEqual({ archived: sessions, withData: selects ? sessions : 0 })
    expect(perSecond).toBeGreaterThan(0)
  }
  expect(new Set(beside.map(({ who }) => who))).toEqual(new Set(['nobody', 'same', 'other']))
  const settles = ({ who }: { readonly who: string }) => who !== 'nobody'
  expect(beside.filter((each) => settles(each) !== each.settledPerSecond > 0)).toEqual([])
  expect(beside.filter((each) => each.beside.reads === 0)).toEqual([])
  // The sweep leaves a session alone for three seconds.
  const waits = promptness.flatMap((each) => each.waits)
  expect(waits.filter((wait) => wait < 3_000)).toEqual([])
  expect(backlog.map(({ sessions, samples }) => (samples.at(-1)?.settled ?? 0) >= sessions)).not.toContain(
    false,
  )
  expect(verdicts.filter(({ value }) => !Number.isFinite(value.value))).toEqual([])
  expect(readdirSync(stores)).toEqual([])
})

test('the benchmark of requests measures each framework alone, with sojourn and with its peer', {
  timeout: LIMIT_MS,
}, async () => {
  const json = join(folder, 'http.json')
  const names = IS_ALL ? FRAMEWORK_NAMES : SOME_FRAMEWORKS
  const args = ['--quick', '--rounds', '2', '--only', names.join(), '--dir', stores, '--json', json]
  const { code, stdout, stderr } = await bench('http', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { measured, verdicts, conditions }: HttpReport = JSON.parse(readFileSync(json, 'utf8'))
  const sides = names.flatMap((name) => sidesOf(name).map((side) => ({ name, side })))
  for (const { name, side } of sides) {
    expect(stdout).toContain(fullTitle(name, side))
    const rounds = measured.filter((each) => each.framework === name && each.side === side)
    expect(rounds.map(({ round }) => round)).toEqual([0, 1])
  }
  expect(measured).toHaveLength(2 * sides.length)
  const isSound = ({ sample }: HttpReport['measured'][number]) =>
    sample.answered > 0 &&
    sample.perSecond > 0 &&
    sample.p50 <= sample.p99 &&
    sample.cpu > 0 &&
    sample.busy > 0
  expect(measured.filter((each) => !isSound(each))).toEqual([])
  expect(verdicts.filter(({ value }) => !(value.value > 0))).toEqual([])
  const versions = names.flatMap((name) =>
    FRAMEWORKS[name].packages.map((known) => conditions.versions[known]),
  )
  expect(versions).not.toContain('unknown')
  expect(readdirSync(stores)).toEqual([])
})

test('a mistyped option of the archive is told in one line', async () => {
  const { code, stderr } = await bench('archive', '--only', 'sqlite')
  expect(code).toBe(1)
  expect(stderr.split('\n')[0]).toContain('--only takes memory, lmdb, lmdb-commit')
  expect((await bench('archive', '--parts', 'all')).stderr).toContain('--parts takes throughput, beside')
})

test('a mistyped option of the requests is told in one line', async () => {
  const { code, stderr } = await bench('http', '--only', 'meteor')
  expect(code).toBe(1)
  expect(stderr.split('\n')[0]).toContain('--only takes node, ')
  expect((await bench('http', '--sessions', '5')).stderr).toContain("Unknown option '--sessions'")
})

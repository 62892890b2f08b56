import { expect, test } from 'vitest'
import { httpVerdicts } from './http-goals.ts'
import { httpTable } from './http-tables.ts'
import type { HttpMeasured, HttpSample } from './side-by-side.ts'
import { SIDES, type Side } from './sides.ts'

const SAMPLE: HttpSample = { answered: 1, measured: 1, perSecond: 1_000, p50: 1, p99: 2, busy: 0.5, cpu: 1 }

/** One round in which every goal is met by a hair. */
function roundOf(changes: Partial<Record<Side, Partial<HttpSample>>> = {}, round = 0): HttpMeasured[] {
  const own: Record<Side, Partial<HttpSample>> = {
    bare: {},
    memory: { perSecond: 900, cpu: 1.5 },
    lmdb: { perSecond: 900, cpu: 2 },
    peer: { perSecond: 900 },
  }
  return SIDES.map((side) => {
    const sample = { ...SAMPLE, ...own[side], ...changes[side] }
    return { framework: 'express', side, round, sample }
  })
}

const missed = (measured: readonly HttpMeasured[]) =>
  httpVerdicts(measured).flatMap(({ goal, isMet }) => (isMet ? [] : goal))

test('every goal is met at its limit', () => {
  expect(missed(roundOf())).toEqual([])
})

test('twins: each goal is missed behind its limit, and by nothing else', () => {
  expect(missed(roundOf({ bare: { perSecond: 1_010 } }))).toEqual([
    'requests a second: Express, sojourn in memory, of bare',
    'requests a second: Express, sojourn on LMDB, of bare',
  ])
  expect(missed(roundOf({ peer: { perSecond: 910 } }))).toEqual([
    'time of a request: Express, sojourn in memory, of express-session',
    'time of a request: Express, sojourn on LMDB, of express-session',
  ])
  expect(missed(roundOf({ lmdb: { perSecond: 890 } }))).toEqual([
    'requests a second: Express, sojourn on LMDB, of bare',
    'time of a request: Express, sojourn on LMDB, of express-session',
  ])
})

test('what a request costs the processor is told, and decides nothing', () => {
  const told = httpVerdicts(roundOf({ memory: { cpu: 50 } })).filter(({ limit }) => limit === null)
  expect(told.map(({ goal, value }) => [goal, value.value])).toEqual([
    ['CPU of a request: Express, sojourn in memory, of bare', 50],
    ['CPU of a request: Express, sojourn on LMDB, of bare', 2],
  ])
})

test('a ratio compares both as they are when nothing disturbs', () => {
  const rounds = [9, 1, 30, 1, 1].flatMap((noise, round) =>
    roundOf({ memory: { perSecond: 900 / noise } }, round),
  )
  const [rate] = httpVerdicts(rounds)
  expect(rate?.value).toEqual({ value: 0.9, min: 0.03, max: 0.9 })
})

test('a framework that was not measured is not judged, and one without a peer is compared with none', () => {
  expect(httpVerdicts([])).toEqual([])
  const node = roundOf()
    .filter(({ side }) => side !== 'peer')
    .map((each) => ({ ...each, framework: 'node' as const }))
  expect(httpVerdicts(node)).toHaveLength(4)
  expect(httpTable(node).map(([title]) => title)).toEqual([
    '',
    'node:http, alone',
    'node:http, sojourn in memory',
    'node:http, sojourn on LMDB',
  ])
})

test('a row of the table says what the rounds are when nothing disturbs', () => {
  const rounds = [1, 1, 3].flatMap((noise, round) =>
    roundOf({ lmdb: { perSecond: 900 / noise, cpu: 2 * noise } }, round),
  )
  expect(httpTable(rounds)[3]).toEqual([
    'Express, sojourn on LMDB',
    '900',
    '0.9 ×',
    '1 ms',
    '2 ms',
    '2 ms',
    '2 ×',
    '50 %',
  ])
})

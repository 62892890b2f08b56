import { describe, expect, test } from 'vitest'
import { brokenEngines } from './broken-engines.test-support.ts'
import { type ConformanceCase, conformance, runConformance } from './index.ts'
import { lateStore, shareableStore } from './shareable-store.test-support.ts'

const names = conformance.map(({ name }) => name)
const named = (wanted: readonly string[]) => conformance.filter(({ name }) => wanted.includes(name))

const right = [
  ['keeps what is due', () => shareableStore()],
  ['lets what is dead leave by itself, and checks the cut-off on write', () => lateStore()],
] as const

describe('an engine that keeps the port passes every case for its traits', () => {
  test.each(right)('when it %s', async (_name, store) => {
    const { traits } = await (await store()).open()
    const isFor = ({ when = () => true }: ConformanceCase) => when(traits)
    const reports = await runConformance({ store })
    expect(reports.map(({ name, outcome }) => [name, outcome])).toEqual(
      conformance.map((each) => [each.name, isFor(each) ? 'passed' : 'excluded']),
    )
  })

  test('and none is excluded for all of them', async () => {
    const traits = await Promise.all(right.map(async ([, store]) => (await (await store()).open()).traits))
    const isForNone = ({ when = () => true }: ConformanceCase) => !traits.some(when)
    expect(conformance.filter(isForNone)).toEqual([])
  })
})

describe('the suite catches an engine in which', () => {
  for (const { name, caughtBy, store } of brokenEngines) {
    test(name, async () => {
      const reports = await runConformance({ store, cases: named(caughtBy), limitMs: 10_000 })
      expect(reports.map((report) => [report.name, report.outcome])).toEqual(
        named(caughtBy).map((each) => [each.name, 'failed']),
      )
      expect(caughtBy).not.toEqual([])
    })
  }
})

test('every broken engine names cases that exist, and every case catches a broken engine', () => {
  const caught = new Set(brokenEngines.flatMap(({ caughtBy }) => caughtBy))
  expect([...caught].filter((name) => !names.includes(name))).toEqual([])
  expect(names.filter((name) => !caught.has(name))).toEqual([])
})

test('no two cases and no two broken engines share a name', () => {
  const engines = brokenEngines.map(({ name }) => name)
  expect([new Set(names).size, new Set(engines).size]).toEqual([names.length, engines.length])
})

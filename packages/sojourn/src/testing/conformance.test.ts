import { describe, expect, test } from 'vitest'
import { brokenEngines } from './broken-engines.test-support.ts'
import { conformance, runConformance } from './index.ts'
import { shareableStore } from './shareable-store.test-support.ts'

const names = conformance.map(({ name }) => name)
const named = (wanted: readonly string[]) => conformance.filter(({ name }) => wanted.includes(name))

test('an engine that keeps the port passes every case, and none is excluded', async () => {
  const reports = await runConformance({ store: () => shareableStore() })
  expect(reports).toEqual(names.map((name) => ({ name, outcome: 'passed' })))
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

import { expect, test } from 'vitest'
import type { Engine } from '../core/port.ts'
import { memory } from '../engines/memory/index.ts'
import { memoryStore } from '../engines/memory/memory.test-support.ts'
import type { ConformanceCase, StoreUnderTest } from './index.ts'
import { conformance, runCase, runConformance } from './index.ts'
import { over, shareableStore } from './shareable-store.test-support.ts'

const first = conformance.slice(0, 1)

/** A case of one's own, with these steps. */
function caseOf(run: (store: StoreUnderTest) => Promise<void>): ConformanceCase {
  return { name: 'a case', promise: 'One round trip.', run }
}

test('a case that the traits exclude is reported with the reason', async () => {
  const { traits } = memory()
  const cases = conformance.filter(({ when = () => true }) => !when(traits))
  const reports = await runConformance({ store: memoryStore, cases })
  expect(reports).toEqual(
    cases.map(({ name }) => ({
      name,
      outcome: 'excluded',
      reason:
        "not for an engine of the traits { name: 'memory', survives: 'nothing', sharedBy: 'process', keepsDue: true, checksCutOff: 'on-read', staleMs: 0 }",
    })),
  )
  expect(cases.length).toBeGreaterThan(5)
})

test('a case whose fault the store cannot bring about is reported with the reason', async () => {
  const store = async () => ({ open: (await memoryStore()).open })
  const { traits } = memory()
  const cases = conformance.filter(({ needs, when = () => true }) => needs !== undefined && when(traits))
  const reports = await runConformance({ store, cases })
  expect(reports).toEqual(
    cases.map(({ name }) => ({ name, outcome: 'excluded', reason: 'the store has no loseIndexEntry' })),
  )
  expect(cases.length).toBeGreaterThan(5)
})

test('an engine that never answers fails the case when its time is over', async () => {
  const store = () => shareableStore(() => ({ create: () => new Promise(() => null) }))
  const [report] = await runConformance({ store, cases: first, limitMs: 50 })
  expect(report).toMatchObject({ outcome: 'failed', error: { message: expect.stringContaining('50 ms') } })
})

test('an engine that rejects fails the case, with what it said as the cause', async () => {
  const cause = new Error('no disk')
  const store = () => shareableStore(() => ({ create: () => Promise.reject(cause) }))
  const [report] = await runConformance({ store, cases: first })
  expect(report).toMatchObject({
    outcome: 'failed',
    error: { message: expect.stringContaining('rejected a call to which the port has an answer'), cause },
  })
})

test('a store that cannot be opened fails the case, and the next one runs', async () => {
  let calls = 0
  const store = async () => {
    calls += 1
    if (calls === 1) throw new Error('no room')
    return shareableStore()
  }
  const reports = await runConformance({ store, cases: conformance.slice(0, 2) })
  expect(reports.map(({ outcome }) => outcome)).toEqual(['failed', 'passed'])
})

test('every handle that a case opened is closed, then the store is disposed of, also after a failure', async () => {
  const told: string[] = []
  const store = async (): Promise<StoreUnderTest> => {
    const inner = await shareableStore()
    const watched = (engine: Engine) =>
      over(engine, {
        close: async () => {
          told.push('closed')
          await engine.close()
        },
      })
    return {
      open: async () => watched(await inner.open()),
      dispose: async () => {
        told.push('disposed')
      },
    }
  }
  const fails = caseOf(async ({ open }) => {
    await open()
    await (await open()).close()
    throw new Error('found something')
  })
  expect(await runCase(fails, { store })).toMatchObject({ outcome: 'failed' })
  expect(told).toEqual(['closed', 'closed', 'closed', 'disposed'])
})

test('each case gets a store of its own', async () => {
  const seen = new Set<unknown>()
  const store = async () => {
    const inner = await shareableStore()
    seen.add(inner)
    return inner
  }
  await runConformance({ store, cases: conformance.slice(0, 3) })
  expect(seen.size).toBe(3)
})

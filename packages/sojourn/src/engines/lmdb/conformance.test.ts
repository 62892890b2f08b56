import { describe, expect, test } from 'vitest'
import { conformance, runCase } from '../../testing/index.ts'
import { lmdbStore } from './lmdb.test-support.ts'

const TRAITS = {
  name: 'lmdb',
  survives: 'process-crash',
  sharedBy: 'host',
  keepsDue: true,
  checksCutOff: 'on-read',
  staleMs: 0,
} as const
const cases = conformance.filter(({ when = () => true }) => when(TRAITS))

describe.each(['fsync', 'commit'] as const)('lmdb with durability %s', (durability) => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const report = await runCase(each, { store: () => lmdbStore({ durability }) })
    if (report.outcome === 'failed') throw report.error
    expect(report.outcome).toBe('passed')
  })
})

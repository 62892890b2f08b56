import { describe, expect, test } from 'vitest'
import { conformance, runCase } from '../../testing/index.ts'
import { memoryStore } from './memory.test-support.ts'
import { memory } from './memory.ts'

/** It shares its store with nobody, survives nothing, and keeps what is due: these cases are not for it. */
const { traits } = memory()
const EXCLUDED = conformance.filter(({ when = () => true }) => !when(traits)).map(({ name }) => name)

describe('memory', () => {
  for (const each of conformance) {
    const isExcluded = EXCLUDED.includes(each.name)
    test(`${each.name}${isExcluded ? ' (excluded)' : ''}`, async () => {
      const report = await runCase(each, { store: memoryStore })
      if (report.outcome === 'failed') throw report.error
      expect(report.outcome === 'excluded').toBe(isExcluded)
    })
  }
})

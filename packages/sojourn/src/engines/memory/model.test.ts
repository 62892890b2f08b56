import { env } from 'node:process'
import { expect, test } from 'vitest'
import { runModel } from '../../testing/model.ts'
import { memory } from './memory.ts'

/** How many are played: `SOJOURN_INTERLEAVINGS=1000000 npx vitest run …/memory/model` takes minutes. */
const { SOJOURN_INTERLEAVINGS = '10000' } = env
const interleavings = Number(SOJOURN_INTERLEAVINGS)

test(`T51: memory agrees with the model in ${interleavings} interleavings`, {
  timeout: 3_600_000,
}, async () => {
  const engine = memory()
  const report = await runModel({ engines: [engine], interleavings, seed: 20_260_101 })
  expect(report.interleavings).toBeGreaterThanOrEqual(interleavings)
})

import { env } from 'node:process'
import { expect, test } from 'vitest'
import { runModel } from '../../testing/model.ts'
import { lmdbStore } from './lmdb.test-support.ts'

/** How many are played: `SOJOURN_INTERLEAVINGS=1000000 npx vitest run …/lmdb/model` takes half an hour. */
const { SOJOURN_INTERLEAVINGS = '2000' } = env
const interleavings = Number(SOJOURN_INTERLEAVINGS)

test(`T51: lmdb agrees with the model in ${interleavings} interleavings, through two handles`, {
  timeout: 7_200_000,
}, async () => {
  const store = await lmdbStore({ durability: 'commit' })
  const engines = [await store.open(), await store.open()]
  try {
    // The seed repeats a failure. Shrinking one would take hours, at a commit a step.
    const report = await runModel({ engines, interleavings, seed: 20_260_102, shrink: false })
    expect(report.interleavings).toBeGreaterThanOrEqual(interleavings)
  } finally {
    await Promise.all(engines.map((engine) => engine.close()))
    await store.dispose?.()
  }
})

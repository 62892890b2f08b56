import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BEHAVIOURS } from './behaviours.test-support.ts'
import { altered, PLACES, type Place } from './places.test-support.ts'

/** Broken in one place: the text that is sent is the same in both. */
const TWINS = BEHAVIOURS.flatMap((each) =>
  each.twins.map(([from, to]) => [each.name, from, to, each] as const),
)

describe.each(['postgres', 'pglite'] as const)('in %s', (kind) => {
  let place: Place
  beforeAll(async () => {
    place = await PLACES[kind]()
  })
  afterAll(() => place.close())

  test.each(BEHAVIOURS.map((each) => [each.name, each] as const))('%s', (_name, { run }) =>
    run(place, place.pool),
  )

  test.each(kind === 'postgres' ? TWINS : [])(
    'it is caught who breaks: %s (%s → %s)',
    async (_name, from, to, { run }) => {
      const pool = altered(place.pool, from, to)
      const caught = await run(place, pool).then(() => null, String)
      expect(caught).not.toBeNull()
      // Broken on purpose, and yet SQL.
      expect(caught).not.toMatch(/\(42/)
      expect(pool.hits()).toBeGreaterThan(0)
    },
  )
})

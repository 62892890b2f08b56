import { type Engine, NEVER, type SessionRecord } from '../../core/port.ts'
import { finish, put, rejectsWith, same, sortedIds, walked } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { HOUR, MINUTE, NOW, next, numbered, sample, sampleId, samples, sampleUser } from '../sample.ts'

const ALIKE = "live, expired, ended and the store's own alike, each as `read` returns it."
const PAGES =
  '`after` is null for the first page, then what the page before gave as `next`, which is null at the end.'
const WHOLE =
  'What is stored during the whole walk comes at least once; what is stored or forgotten meanwhile may come or not.'
const NOTHING_KEPT =
  'Nothing is kept between pages: a walk may be left, and any handle on the store may go on with it.'
const BUCKETS = ['Ab', 'Zz', '0_', '--', '__', 'AA']

/** Sessions of nobody, in several buckets in turn. */
function scattered(count: number, from = 1): SessionRecord[] {
  return Array.from({ length: count }, (_, index) =>
    sample({ id: sampleId(from + index, BUCKETS[index % BUCKETS.length]), userId: null }),
  )
}

/** Every one of these comes, as `read` returns it, and nothing else does. */
async function walksOver(engine: Engine, records: readonly SessionRecord[], limit: number): Promise<void> {
  const found = await walked(engine, limit)
  const ids = records.map(({ id }) => id).sort()
  same(sortedIds(found), ids, 'a walk did not come by everything that is stored, and by nothing else')
  const byId = new Map(found.map((record) => [record.id, record]))
  const given = ids.map((id) => byId.get(id) ?? null)
  same(given, await engine.read(ids), 'scan gave a record otherwise than read returns it')
}

/** Makes the session absent, whatever it is. */
async function forget(engine: Engine, { id }: SessionRecord): Promise<void> {
  await finish(engine, NOW, id)
  await engine.settle([id], null)
}

export const scanCases: readonly ConformanceCase[] = [
  proves(ALIKE, 'a walk gives all that is stored, whatever it is, as read returns it', async (engine) => {
    const own = { id: '----------------', userId: null, expiresAt: NEVER, absoluteAt: NEVER }
    const records = [
      numbered(1),
      numbered(2),
      numbered(3),
      numbered(4, { userId: null }),
      numbered(5, { expiresAt: NOW + 1 }),
      sample(own),
      ...scattered(20, 100),
    ]
    await put(engine, ...records)
    await finish(engine, NOW + 1, sampleId(2), sampleId(3))
    await engine.settle([sampleId(3)], NOW + HOUR)
    await walksOver(engine, records, 100)
  }),
  {
    name: 'a session that the index had lost is walked over as read returns it',
    promise: 'each as `read` returns it.',
    needs: 'loseIndexEntry',
    async run(store) {
      const engine = await store.open()
      const [lost, other] = [numbered(1), numbered(2, { userId: 'u_2' })]
      await put(engine, lost, other)
      await store.loseIndexEntry?.('u_1', lost.id)
      await engine.endUser(sampleUser('u_1'), 'admin', NOW + MINUTE, null)
      await walksOver(engine, [lost, other], 10)
    },
  },
  proves(
    "A page of all that is stored, in an order of the engine's own: at most `limit` records",
    'the pages of a walk, large or small, hold no more than their limit and together everything',
    async (engine) => {
      const records = scattered(250)
      await put(engine, ...records)
      for (const limit of [1, 7, 100, 10_000]) await walksOver(engine, records, limit)
    },
  ),
  proves(
    'Where the next page begins; null after the last one.',
    'a walk over nothing gives nothing and ends',
    async (engine) => {
      same(await walked(engine, 10), [], 'an empty store has a record')
    },
  ),
  proves(PAGES, 'a walk ends behind a last page that is full', async (engine) => {
    const records = scattered(20)
    await put(engine, ...records)
    await walksOver(engine, records, 10)
    await walksOver(engine, records, 20)
  }),
  proves(WHOLE, 'a walk misses nothing that stays, whatever comes and goes meanwhile', async (engine) => {
    const [stay, go] = [scattered(120), scattered(120, 1_000)]
    await put(engine, ...stay.flatMap((record, index) => [record, ...go.slice(index, index + 1)]))
    const goes = [...go]
    let come = 2_000
    const found = await walked(engine, 10, async () => {
      await Promise.all(goes.splice(0, 12).map((record) => forget(engine, record)))
      if (come < 2_040) await put(engine, ...scattered(4, come))
      come += 4
    })
    const ids = sortedIds(found.filter(({ id }) => stay.some((record) => record.id === id)))
    same(ids, sortedIds(stay), 'a walk missed a record that was there all the time')
  }),
  proves(WHOLE, 'a walk misses no session that is used or ended meanwhile', async (engine) => {
    const records = samples(90, { userId: null })
    await put(engine, ...records)
    const [replaced, touched, ended] = [records.slice(0, 30), records.slice(30, 60), records.slice(60)]
    const found = await walked(engine, 10, async () => {
      const [one] = replaced.splice(0, 1)
      if (one) await engine.replace(next(one, { expiresAt: NOW + MINUTE }), 1, NOW)
      await engine.touch(touched.shift()?.id ?? '', NOW + MINUTE, NOW + HOUR)
      await engine.end(ended.shift()?.id ?? '', 'logout', NOW)
    })
    same(sortedIds(found), sortedIds(records), 'a walk missed a session that was written meanwhile')
  }),
  proves(
    'what is stored or forgotten meanwhile may come or not.',
    'a walk gives nothing that is not stored any more',
    async (engine) => {
      const records = scattered(40)
      await put(engine, ...records)
      let isFirst = true
      const found = await walked(engine, 5, async () => {
        if (isFirst) await Promise.all(records.map((record) => forget(engine, record)))
        isFirst = false
      })
      same(found.length <= 5, true, 'scan gave a record that was forgotten before')
    },
  ),
  proves(NOTHING_KEPT, 'two walks at a time are each complete', async (engine) => {
    const records = scattered(60)
    await put(engine, ...records)
    const walks = await Promise.all([walked(engine, 7), walked(engine, 11)])
    for (const found of walks) {
      same(sortedIds(found), sortedIds(records), 'two walks at a time got into each other’s way')
    }
  }),
  {
    name: 'a walk that one handle began another one goes on with',
    promise: NOTHING_KEPT,
    when: ({ sharedBy }) => sharedBy !== 'process',
    async run(store) {
      const handles = [await store.open(), await store.open()]
      const records = scattered(60)
      for (const handle of handles.slice(0, 1)) await put(handle, ...records)
      let turn = 0
      const inTurn = {
        scan: (after: string | null, limit: number) => {
          const handle = handles[turn++ % handles.length]
          return handle === undefined ? Promise.reject(new Error('no handle')) : handle.scan(after, limit)
        },
      }
      const found = await walked(inTurn, 7)
      same(sortedIds(found), sortedIds(records), 'a handle did not go on where another one had ended')
    },
  },
  proves(
    'A `limit` that is no whole number from 1 on, and an `after` that no page can have given, reject with `INVALID_ARGUMENT`.',
    'a limit of nothing and a page that never was are refused',
    async (engine) => {
      await put(engine, ...scattered(3))
      for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await rejectsWith('INVALID_ARGUMENT', () => engine.scan(null, limit), `scan took ${limit} as a limit`)
      }
      for (const after of ['', ' ', 'no such page', 'é', '\0'.repeat(16), '9'.repeat(99), '*', '-1.5']) {
        const wrong = `scan took ${JSON.stringify(after)} for what a page gave`
        await rejectsWith('INVALID_ARGUMENT', () => engine.scan(after, 10), wrong)
      }
    },
  ),
]

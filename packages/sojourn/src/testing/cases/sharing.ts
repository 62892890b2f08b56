import type { EngineTraits, UserLimit } from '../../core/port.ts'
import { LEASE_MS } from '../../core/port.ts'
import { countOf, finish, idsOf, isDue, isStored, put, rejectsWith, same } from '../claims.ts'
import { type ConformanceCase, keepsDue } from '../conformance-case.ts'
import { HOUR, MINUTE, NOW, next, sample, sampleBytes, samples, sampleUser } from '../sample.ts'

const SHARED = 'Who may share one store at the same time.'
const when = ({ sharedBy }: EngineTraits): boolean => sharedBy !== 'process'
const first = sample()

export const sharingCases: readonly ConformanceCase[] = [
  {
    name: 'what one handle was told is done, another handle sees at once',
    promise: SHARED,
    when,
    async run(store) {
      const [one, two] = [await store.open(), await store.open()]
      await put(one, first)
      await isStored(two, first, 'another handle does not see a created session')
      same(
        await two.replace(next(first), 1, NOW),
        { outcome: 'done' },
        'another handle’s replace was refused',
      )
      await isStored(one, next(first), 'another handle does not see a replaced session')
      same(
        await one.list(sampleUser('u_1'), NOW),
        [next(first)],
        'list does not show what another handle replaced',
      )
      await finish(one, NOW + MINUTE, first.id)
      const tombstone = { ...next(first), ended: { at: NOW + MINUTE, reason: 'logout' as const } }
      await isStored(two, tombstone, 'another handle does not see the end of a session')
      same(await two.touch(first.id, NOW, NOW + HOUR), false, 'another handle revived an ended session')
      await isDue(two, NOW + MINUTE, [tombstone], 'another handle does not see what is due')
    },
  },
  {
    name: 'what a handle has read and another one has overwritten is read anew, at once or within staleMs',
    promise:
      'How long at most a read may still answer what another handle has overwritten; 0 where it never does. ' +
      'What was written through the same handle is always seen.',
    when,
    async run(store) {
      const [one, two] = [await store.open(), await store.open()]
      const { staleMs } = one.traits
      await put(one, first)
      // Often enough for a handle that keeps what it has read to have begun to keep it.
      for (let read = 0; read < 20; read += 1) await isStored(two, first, 'another handle does not see it')
      const replaced = next(first)
      same(await one.replace(replaced, 1, NOW), { outcome: 'done' }, 'a replace was refused')
      await within(staleMs, async () => (await two.read([first.id]))[0]?.version === 2)
      await isStored(two, replaced, `another handle still reads what was overwritten ${staleMs} ms ago`)
      const again = next(replaced)
      same(await two.replace(again, 2, NOW), { outcome: 'done' }, 'a second replace was refused')
      await isStored(two, again, 'a handle does not see what was written through itself')
    },
  },
  {
    name: 'of replaces of one version through two handles exactly one is done',
    promise: SHARED,
    when,
    async run(store) {
      const handles = [await store.open(), await store.open()]
      for (const handle of handles.slice(0, 1)) await put(handle, first)
      const rivals = handles.flatMap((handle) =>
        Array.from({ length: 50 }, (_, index) =>
          handle.replace(next(first, { data: sampleBytes(20, index) }), 1, NOW),
        ),
      )
      const outcomes = await Promise.all(rivals)
      same(countOf(outcomes, 'done'), 1, 'not exactly one of the replaces through two handles was done')
      same(countOf(outcomes, 'conflict'), 99, 'a replace that lost through another handle is not a conflict')
    },
  },
  {
    name: 'creates through two handles hold the limit together',
    promise: SHARED,
    when,
    async run(store) {
      const [one, two] = [await store.open(), await store.open()]
      const limit: UserLimit = { max: 3, whenFull: 'refuse', replaces: null }
      const creates = samples(60).map((record, index) =>
        (index % 2 === 0 ? one : two).create(record, limit, NOW + 100),
      )
      same(countOf(await Promise.all(creates), 'done'), 3, 'two handles together stored more than the limit')
      for (const handle of [one, two]) {
        same(
          (await handle.list(sampleUser('u_1'), NOW + 100)).length,
          3,
          'the handles do not list the same sessions',
        )
      }
    },
  },
  {
    name: 'what two handles lease, end and settle is disjoint',
    promise: SHARED,
    when: (traits) => when(traits) && keepsDue(traits),
    async run(store) {
      const [one, two] = [await store.open(), await store.open()]
      await put(one, ...samples(100))
      const leases = Array.from({ length: 12 }, (_, index) =>
        (index % 2 === 0 ? one : two).due(NOW + HOUR, 10),
      )
      const ids = idsOf((await Promise.all(leases)).flat())
      same([ids.length, new Set(ids).size], [100, 100], 'two handles leased the same record, or lost one')
      const ends = ids.flatMap((id) => [one.end(id, 'admin', NOW), two.end(id, 'admin', NOW)])
      same((await Promise.all(ends)).filter(Boolean).length, 0, 'what one handle leased was ended once more')
      await Promise.all(ids.map((id) => two.settle([id], null)))
      same(await one.due(NOW + HOUR + LEASE_MS, 10), [], 'what another handle settled is still due')
    },
  },
  {
    name: 'a handle that is closed leaves the others open',
    promise: 'flushes and releases',
    when,
    async run(store) {
      const [one, two] = [await store.open(), await store.open()]
      await put(one, first)
      await one.close()
      await isStored(two, first, 'closing one handle broke another handle on the same store')
      same(await two.replace(next(first), 1, NOW), { outcome: 'done' }, 'closing one handle closed another')
      await rejectsWith('STORE_CLOSED', () => one.read([first.id]), 'a closed handle did not stay closed')
    },
  },
]

/** Asks again until it is so, at most this long, and once where it must be so at once. */
async function within(ms: number, isSo: () => Promise<boolean>): Promise<void> {
  const endAt = performance.now() + ms
  while (!(await isSo()) && performance.now() < endAt) await new Promise((resolve) => setImmediate(resolve))
}

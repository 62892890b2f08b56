import type { Engine } from '../../core/port.ts'
import { LEASE_MS, NEVER } from '../../core/port.ts'
import { areDue, dueOf, expired, finish, isAbsent, isDue, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, proves, provesDue } from '../conformance-case.ts'
import { DAY, HOUR, NOW, next, numbered, sample, sampleBytes, sampleId } from '../sample.ts'

const FORGETS = 'With `keepUntil` null they are forgotten for good, and their ids are absent from then on.'
const KEEPS =
  'With an instant their data is dropped, the tombstones stay at least until then, and they are due again at that instant where what is due is kept.'
const NOTHING = 'Nothing happens to one that is absent or has not ended.'
const first = sample({
  previous: { digest: sampleBytes(32, 3), sealed: sampleBytes(48), graceEndsAt: null },
  retired: [{ digest: sampleBytes(8), reuseFrom: NOW }],
})
/** Of another user, and in another bucket. */
const elsewhere = sample({ id: sampleId(4, 'zZ'), userId: 'u_2' })
const tombstone = { ...first, ended: { at: NOW, reason: 'logout' as const } }
const settled = { ...tombstone, data: new Uint8Array() }
const keepUntil = NOW + DAY

async function ended(engine: Engine): Promise<void> {
  await put(engine, first)
  await finish(engine, NOW, first.id)
}

export const settleCases: readonly ConformanceCase[] = [
  proves(FORGETS, 'a session that was settled for good is absent and never due again', async (engine) => {
    await ended(engine)
    await isDue(engine, NOW, [tombstone], 'an ended session is not due')
    await engine.settle([first.id], null)
    await isAbsent(engine, first.id, 'settle did not forget a tombstone')
    for (const now of [NOW, NOW + LEASE_MS, first.expiresAt, first.absoluteAt, NOW + 500 * DAY]) {
      same(await dueOf(engine, now, 10), [], 'a forgotten session is due')
    }
    await lists(engine, ['u_1', NOW], [], 'a forgotten session is listed')
  }),
  proves(
    'Settles records that have ended',
    'a tombstone may be settled without having been due',
    async (engine) => {
      await ended(engine)
      await engine.settle([first.id], null)
      await isAbsent(engine, first.id, 'settle did not forget a tombstone')
      same(await dueOf(engine, NOW + DAY, 10), [], 'a forgotten session is due')
    },
  ),
  proves(
    'empty only in a settled tombstone',
    'a tombstone that is kept loses its data and nothing else',
    async (engine) => {
      await ended(engine)
      await engine.settle([first.id], keepUntil)
      await isStored(engine, settled, 'settle did not keep the tombstone without its data')
    },
  ),
  provesDue(KEEPS, 'a tombstone that is kept is due again at that instant and not before', async (engine) => {
    await ended(engine)
    same(await dueOf(engine, NOW, 10), [tombstone], 'an ended session is not due')
    await engine.settle([first.id], keepUntil)
    for (const now of [NOW + LEASE_MS, first.expiresAt, first.absoluteAt, keepUntil - 1]) {
      same(await dueOf(engine, now, 10), [], 'a kept tombstone is due before its instant')
    }
    same(await dueOf(engine, keepUntil, 10), [settled], 'a kept tombstone is not due at its instant')
    await engine.settle([first.id], null)
    await isAbsent(engine, first.id, 'settle did not forget a kept tombstone')
    same(await dueOf(engine, keepUntil + DAY, 10), [], 'a forgotten session is due')
  }),
  proves(KEEPS, 'a tombstone may be kept a second time, until another instant', async (engine) => {
    await ended(engine)
    await engine.settle([first.id], keepUntil)
    await engine.settle([first.id], keepUntil + DAY)
    same(
      await dueOf(engine, keepUntil + DAY - 1, 10),
      [],
      'a kept tombstone is due before its latest instant',
    )
    await isStored(engine, settled, 'a tombstone that was kept a second time is not there')
    await isDue(engine, keepUntil + DAY, [settled], 'a kept tombstone is not due at its latest instant')
  }),
  proves(NOTHING, 'settle of an absent id leaves nothing behind', async (engine) => {
    await engine.settle([first.id], null)
    await engine.settle([first.id], keepUntil)
    await isAbsent(engine, first.id, 'settle made a tombstone of an id that was never stored')
    same(await dueOf(engine, keepUntil, 10), [], 'settle made something due that is not stored')
  }),
  proves(NOTHING, 'settle leaves a live session as it is', async (engine) => {
    const other = numbered(2)
    await put(engine, first, other)
    await engine.settle([first.id], null)
    await engine.settle([other.id], keepUntil)
    await isStored(engine, first, 'settle forgot a live session')
    await isStored(engine, other, 'settle dropped the data of a live session')
    await lists(engine, ['u_1', NOW], [first.id, other.id], 'settle took a live session out of the index')
    same(await engine.replace(next(first), 1, NOW), { outcome: 'done' }, 'settle ended a live session')
    await areDue(engine, first.expiresAt, 2, 'settle moved the deadline of a live session')
  }),
  proves(NOTHING, 'settle leaves an expired session that nobody has ended as it is', async (engine) => {
    const endless = { ...first, absoluteAt: NEVER }
    await put(engine, endless)
    await isDue(engine, NOW + HOUR, [endless], 'a record whose deadline is over is not due')
    await engine.settle([first.id], null)
    await engine.settle([first.id], keepUntil)
    await isStored(engine, endless, 'settle forgot a session that had not ended')
    const later = NOW + HOUR + LEASE_MS
    await isDue(engine, later, [endless], 'settle took a session that had not ended off due')
  }),
  proves(
    'Settles records that have ended, each by itself.',
    'of several records those that have ended are settled, whatever the others are',
    async (engine) => {
      const [one, live, three, other] = [numbered(1), numbered(2), numbered(3), elsewhere]
      await put(engine, one, live, three, other)
      await finish(engine, NOW, one.id, three.id, other.id)
      const ids = [sampleId(9), one.id, live.id, 'no id', three.id, other.id]
      await engine.settle(ids, keepUntil)
      for (const each of [one, three, other]) {
        const kept = { ...each, ended: { at: NOW, reason: 'logout' as const }, data: new Uint8Array() }
        await isStored(engine, kept, 'settle passed over one of several tombstones')
      }
      await isStored(engine, live, 'settle changed a live session among several')
      await isAbsent(engine, sampleId(9), 'settle made a tombstone of an id that was never stored')
      await engine.settle(ids, null)
      same(await engine.read(ids), [null, null, live, null, null, null], 'settle did not forget several')
      same(await dueOf(engine, keepUntil, 10), engine.traits.keepsDue ? [expired(live)] : [], 'they are due')
      await engine.settle([], null)
    },
  ),
]

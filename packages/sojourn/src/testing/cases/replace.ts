import type { Engine, SessionRecord } from '../../core/port.ts'
import { dueOf, expired, finish, isAbsent, isDue, isStored, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { HOUR, MINUTE, NOW, next, sample, sampleBytes, sampleId, sampleUser } from '../sample.ts'

const GONE = 'Absent, ended or expired: nothing was written.'
const CONFLICT = 'Another version is stored: nothing was written, and here it is.'
const LATER = 'Of `seenAt` with its `expiresAt` the later one stays, so that a touch in between is not lost.'
const DONE = { outcome: 'done' }
const first = sample()

async function replaced(engine: Engine, record: SessionRecord, now = NOW + MINUTE): Promise<void> {
  same(
    await engine.replace(record, record.version - 1, now),
    DONE,
    'replace refused the version that is stored',
  )
}

async function isGone(engine: Engine, record: SessionRecord, now: number): Promise<void> {
  const answer = await engine.replace(record, record.version - 1, now)
  same(
    answer,
    { outcome: 'gone' },
    'replace did not answer gone for a session that is absent, ended or expired',
  )
}

export const replaceCases: readonly ConformanceCase[] = [
  proves(
    'stores `record` if the stored version is `expectedVersion`',
    'a replace of the stored version stores the whole new record',
    async (engine) => {
      await put(engine, first)
      const second = next(first, {
        seenAt: NOW + MINUTE,
        expiresAt: NOW + 31 * MINUTE,
        absoluteAt: NOW + 9 * HOUR,
        authenticatedAt: NOW + MINUTE,
        digest: sampleBytes(32, 100),
        previous: { digest: first.digest, sealed: sampleBytes(60), graceEndsAt: NOW + 2 * MINUTE },
        retired: [{ digest: sampleBytes(8), reuseFrom: NOW }],
      })
      await replaced(engine, second)
      await isStored(engine, second, 'replace answered done and stored something else than the record')
      same(
        await engine.list(sampleUser('u_1'), NOW + MINUTE),
        [second],
        'list does not show the replaced record',
      )
    },
  ),
  proves(
    CONFLICT,
    'a replace of another version is a conflict that brings the current record',
    async (engine) => {
      const second = next(first)
      await put(engine, first)
      await replaced(engine, second)
      for (const expectedVersion of [1, 3]) {
        const attempt = { ...second, version: expectedVersion + 1, data: sampleBytes(9) }
        const answer = await engine.replace(attempt, expectedVersion, NOW)
        same(answer, { outcome: 'conflict', current: second }, 'replace of another version is not a conflict')
        await isStored(engine, second, 'a replace that was in conflict wrote something')
      }
    },
  ),
  proves(
    'every `replace` stores a higher one',
    'a replace that would not raise the version is not stored as it is',
    async (engine) => {
      const second = next(first)
      await put(engine, first)
      await replaced(engine, second)
      for (const version of [1, 2]) {
        await engine.replace({ ...second, version, data: sampleBytes(9) }, 2, NOW).catch(() => null)
        const [stored] = await engine.read([first.id])
        const isKept = stored?.version === 2 && stored.data.byteLength === second.data.byteLength
        same(isKept || (stored?.version ?? 0) > 2, true, 'replace stored other data without a higher version')
      }
    },
  ),
  proves(
    'Never creates, never revives.',
    'a replace of an absent id is gone and creates nothing',
    async (engine) => {
      await isGone(engine, next(first), NOW)
      await isAbsent(engine, first.id, 'replace created a record')
      same(await engine.list(sampleUser('u_1'), NOW), [], 'replace indexed a session that is not stored')
      same(await dueOf(engine, NOW + HOUR, 10), [], 'replace made something due that is not stored')
    },
  ),
  proves(GONE, 'T51: a replace that arrives after the end is gone and revives nothing', async (engine) => {
    await put(engine, first)
    await finish(engine, NOW + 1, first.id)
    const tombstone = { ...first, ended: { at: NOW + 1, reason: 'logout' as const } }
    await isGone(engine, next(first), NOW)
    await isStored(engine, tombstone, 'a replace after the end changed the tombstone')
    same(
      await engine.list(sampleUser('u_1'), NOW),
      [],
      'a replace after the end put the session back into the index',
    )
    await engine.settle([first.id], NOW + HOUR)
    await isGone(engine, next(first), NOW)
    await engine.settle([first.id], null)
    await isGone(engine, next(first), NOW)
    await isAbsent(engine, first.id, 'replace revived a session that was forgotten')
  }),
  proves(
    'A record that has ended is a tombstone: it never lives again.',
    'a replace after the end is gone whichever version it expects',
    async (engine) => {
      await put(engine, first)
      await finish(engine, NOW, first.id)
      for (const expectedVersion of [0, 1, 2, 7]) {
        await isGone(engine, sample({ version: expectedVersion + 1 }), NOW)
      }
    },
  ),
  proves(GONE, 'a session can be replaced until its deadline and not at it', async (engine) => {
    await put(engine, first)
    const longer = (version: number) => sample({ version, seenAt: first.expiresAt, expiresAt: NOW + HOUR })
    await isGone(engine, longer(2), first.expiresAt)
    await isStored(engine, first, 'a replace of an expired session wrote something')
    await replaced(engine, longer(2), first.expiresAt - 1)
    await replaced(engine, longer(3), NOW + HOUR - 1)
    await isGone(engine, longer(4), NOW + HOUR)
  }),
  proves(LATER, 'a replace keeps the later deadline of a touch in between', async (engine) => {
    await put(engine, first)
    same(await engine.touch(first.id, NOW + 5, NOW + HOUR), true, 'touch found a live session dead')
    const stale = next(first, { seenAt: NOW + 4, expiresAt: NOW + 31 * MINUTE })
    await replaced(engine, stale)
    const kept = { ...stale, seenAt: NOW + 5, expiresAt: NOW + HOUR }
    await isStored(engine, kept, 'replace lost the touch in between, or more than the deadline was kept')
    same(
      await engine.list(sampleUser('u_1'), NOW + HOUR - 1),
      [kept],
      'the kept deadline is not the one that list uses',
    )
  }),
  proves(LATER, 'a replace keeps the deadline of a touch of the same instant', async (engine) => {
    await put(engine, first)
    same(await engine.touch(first.id, NOW, NOW + HOUR), true, 'touch found a live session dead')
    await replaced(engine, next(first))
    await isStored(engine, next(first, { expiresAt: NOW + HOUR }), 'replace lost a touch of the same instant')
  }),
  proves(LATER, 'a replace with later activity may shorten the deadline', async (engine) => {
    await put(engine, first)
    const shorter = next(first, { seenAt: NOW + 1, expiresAt: NOW + 5 * MINUTE })
    await replaced(engine, shorter)
    await isStored(engine, shorter, 'replace did not store the deadline that goes with the later activity')
    same(
      await engine.list(sampleUser('u_1'), NOW + 5 * MINUTE),
      [],
      'the shorter deadline is not the one that list uses',
    )
    await isDue(
      engine,
      NOW + 5 * MINUTE,
      [expired(shorter)],
      'the session is not due at its shorter deadline',
    )
  }),
  proves(
    'Never later than `absoluteAt`.',
    'a kept deadline does not outlast an absolute deadline that the replace lowers',
    async (engine) => {
      await put(engine, first)
      same(await engine.touch(first.id, NOW + 5, NOW + 2 * HOUR), true, 'touch found a live session dead')
      await replaced(engine, next(first, { absoluteAt: NOW + HOUR }))
      const [stored] = await engine.read([sampleId(1)])
      same(stored?.expiresAt, NOW + HOUR, 'after a replace the deadline lies beyond the absolute one')
    },
  ),
]

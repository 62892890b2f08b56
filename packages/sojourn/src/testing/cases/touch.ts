import { dueOf, finish, isAbsent, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { HOUR, MINUTE, NOW, next, sample, sampleBytes, sampleUser } from '../sample.ts'

const MOVES = 'Moves the deadline of a session that is live at `seenAt`; false when it is not.'
const FORWARD = 'never moves `seenAt` or `expiresAt` backwards'
const first = sample({
  authenticatedAt: NOW,
  previous: { digest: sampleBytes(32, 3), sealed: sampleBytes(48), graceEndsAt: null },
  retired: [{ digest: sampleBytes(8), reuseFrom: NOW }],
})
const later = [NOW + MINUTE, NOW + 31 * MINUTE] as const

export const touchCases: readonly ConformanceCase[] = [
  proves(MOVES, 'a touch moves the deadline, and the session lives until the new one', async (engine) => {
    await put(engine, first)
    same(await engine.touch(first.id, ...later), true, 'touch answered false for a live session')
    const moved = { ...first, seenAt: later[0], expiresAt: later[1] }
    await isStored(engine, moved, 'touch did not store the moved deadline')
    same(
      await engine.list(sampleUser('u_1'), later[1] - 1),
      [moved],
      'a touched session is not live until its new deadline',
    )
    await lists(engine, ['u_1', later[1]], [], 'a touched session is live at its new deadline')
  }),
  proves(
    'never changes version or data',
    'a touch changes nothing but seenAt and expiresAt',
    async (engine) => {
      await put(engine, first)
      same(await engine.touch(first.id, ...later), true, 'touch answered false for a live session')
      const moved = { ...first, seenAt: later[0], expiresAt: later[1] }
      await isStored(engine, moved, 'touch changed more than seenAt and expiresAt')
      const answer = await engine.replace(next(moved), 1, later[0])
      same(answer, { outcome: 'done' }, 'a touch stood in the way of a replace of the same version')
    },
  ),
  proves('Never creates', 'a touch of an absent id is false and creates nothing', async (engine) => {
    same(await engine.touch(first.id, ...later), false, 'touch answered true for an absent session')
    await isAbsent(engine, first.id, 'touch created a record')
    same(await dueOf(engine, NOW + HOUR, 10), [], 'touch made something due that is not stored')
  }),
  proves(MOVES, 'T48: a touch after the end is false and revives nothing', async (engine) => {
    await put(engine, first)
    await finish(engine, NOW + MINUTE, first.id)
    const tombstone = { ...first, ended: { at: NOW + MINUTE, reason: 'logout' as const } }
    same(await engine.touch(first.id, ...later), false, 'touch answered true for an ended session')
    same(await engine.touch(first.id, NOW, later[1]), false, 'touch answered true for an ended session')
    await isStored(engine, tombstone, 'a touch after the end changed the tombstone')
    await lists(engine, ['u_1', NOW], [], 'a touch after the end put the session back into the index')
    await engine.settle([first.id], NOW + HOUR)
    same(await engine.touch(first.id, ...later), false, 'touch answered true for a settled tombstone')
    await engine.settle([first.id], null)
    same(await engine.touch(first.id, ...later), false, 'touch answered true for a forgotten session')
    await isAbsent(engine, first.id, 'touch revived a session that was forgotten')
  }),
  proves(MOVES, 'a session can be touched until its deadline and not at it', async (engine) => {
    await put(engine, first)
    const { id, expiresAt } = first
    same(await engine.touch(id, expiresAt, NOW + HOUR), false, 'touch revived a session at its deadline')
    same(await engine.touch(id, expiresAt + MINUTE, NOW + HOUR), false, 'touch revived an expired session')
    await isStored(engine, first, 'a touch that was false changed the session')
    same(
      await engine.touch(id, expiresAt - 1, NOW + HOUR),
      true,
      'touch found a session dead before its deadline',
    )
    same(
      await engine.touch(id, NOW + HOUR, NOW + 2 * HOUR),
      false,
      'touch revived a session at its moved deadline',
    )
  }),
  proves(FORWARD, 'a touch that arrives late moves nothing backwards', async (engine) => {
    await put(engine, first)
    same(await engine.touch(first.id, ...later), true, 'touch answered false for a live session')
    same(await engine.touch(first.id, NOW + 1, NOW + MINUTE), true, 'a late touch of a live session is false')
    const moved = { ...first, seenAt: later[0], expiresAt: later[1] }
    await isStored(engine, moved, 'touch moved seenAt or expiresAt backwards')
  }),
  proves(FORWARD, 'a touch with a shorter deadline moves seenAt alone', async (engine) => {
    await put(engine, first)
    same(
      await engine.touch(first.id, NOW + MINUTE, NOW + 2 * MINUTE),
      true,
      'touch found a live session dead',
    )
    await isStored(
      engine,
      { ...first, seenAt: NOW + MINUTE },
      'touch moved expiresAt backwards, or kept seenAt',
    )
  }),
  proves(
    'never past `absoluteAt`',
    'a touch moves the deadline no further than the absolute one',
    async (engine) => {
      await put(engine, first)
      const { absoluteAt } = first
      same(
        await engine.touch(first.id, NOW + MINUTE, absoluteAt + 1),
        true,
        'touch found a live session dead',
      )
      const moved = { ...first, seenAt: NOW + MINUTE, expiresAt: absoluteAt }
      await isStored(engine, moved, 'touch moved the deadline past the absolute one, or not up to it')
      same(
        await engine.touch(first.id, absoluteAt, absoluteAt + HOUR),
        false,
        'a touch outlived the absolute deadline',
      )
    },
  ),
]

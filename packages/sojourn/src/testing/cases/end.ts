import { dueOf, finish, isAbsent, isDue, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, proves, provesDue } from '../conformance-case.ts'
import { HOUR, MINUTE, NOW, numbered, sample, sampleBytes, sampleUser } from '../sample.ts'

const ENDS =
  "it becomes a tombstone with its data, leaves its user's index, and is due at `at` where what is due is kept."
const ONCE = 'True only for the one call that ended it; false when absent or ended before.'
const first = sample({
  authenticatedAt: NOW,
  previous: { digest: sampleBytes(32, 3), sealed: sampleBytes(48), graceEndsAt: NOW + MINUTE },
  retired: [{ digest: sampleBytes(8), reuseFrom: NOW }],
})

export const endCases: readonly ConformanceCase[] = [
  proves(ENDS, 'an ended session is a tombstone with every field and its data', async (engine) => {
    await put(engine, first)
    same(await engine.end(first.id, 'revoked', NOW + MINUTE), true, 'end answered false for a live session')
    const tombstone = { ...first, ended: { at: NOW + MINUTE, reason: 'revoked' as const } }
    await isStored(engine, tombstone, 'end did not leave the record as it was, ended at that instant')
  }),
  proves(ENDS, 'an ended session leaves its user’s index, and no other session does', async (engine) => {
    const other = numbered(2, { createdAt: NOW + 1 })
    await put(engine, first, other)
    await finish(engine, NOW + MINUTE, first.id)
    await lists(engine, ['u_1', NOW], [other.id], 'the index is not what it was without the ended session')
    const ended = await engine.endUser(sampleUser('u_1'), 'admin', NOW + MINUTE, null)
    same(ended, [other.id], 'endUser ended a session that had ended before, or missed one')
  }),
  provesDue(ENDS, 'an ended session is due at the instant of its end, and not before', async (engine) => {
    await put(engine, first)
    await finish(engine, NOW + MINUTE, first.id)
    same(await dueOf(engine, NOW + MINUTE - 1, 10), [], 'an ended session is due before its end')
    const tombstone = { ...first, ended: { at: NOW + MINUTE, reason: 'logout' } }
    same(await dueOf(engine, NOW + MINUTE, 10), [tombstone], 'an ended session is not due at its end')
  }),
  proves(ONCE, 'a second end is false and changes neither the reason nor the instant', async (engine) => {
    await put(engine, first)
    same(await engine.end(first.id, 'reuse', NOW + 5), true, 'end answered false for a live session')
    same(await engine.end(first.id, 'logout', NOW + 9), false, 'end answered true for an ended session')
    same(await engine.end(first.id, 'logout', NOW + 1), false, 'end answered true for an ended session')
    const tombstone = { ...first, ended: { at: NOW + 5, reason: 'reuse' as const } }
    await isStored(engine, tombstone, 'a second end changed the tombstone')
    await engine.settle([first.id], NOW + HOUR)
    same(await engine.end(first.id, 'logout', NOW + 9), false, 'end answered true for a settled tombstone')
  }),
  proves(ONCE, 'an end of an absent id is false and leaves no tombstone', async (engine) => {
    same(await engine.end(first.id, 'logout', NOW), false, 'end answered true for an absent session')
    await isAbsent(engine, first.id, 'end left a tombstone for an id that was never stored')
    same(await dueOf(engine, NOW + HOUR, 10), [], 'end made something due that is not stored')
    await put(engine, first)
    await finish(engine, NOW, first.id)
    await engine.settle([first.id], null)
    same(await engine.end(first.id, 'logout', NOW), false, 'end answered true for a forgotten session')
  }),
  proves(
    'An expired session that nobody has ended yet can be ended.',
    'an expired session can be ended, once',
    async (engine) => {
      await put(engine, first)
      const at = first.expiresAt + MINUTE
      same(await engine.end(first.id, 'idle', at), true, 'end answered false for an expired session')
      same(await engine.end(first.id, 'idle', at), false, 'end answered true for an ended session')
      const tombstone = { ...first, ended: { at, reason: 'idle' as const } }
      await isStored(engine, tombstone, 'the end of an expired session is not stored')
      await isDue(engine, at, [tombstone], 'an expired session that was ended is not due once')
    },
  ),
  ...(['idle', 'absolute'] as const).map((reason) =>
    proves(
      'With reason `idle` or `absolute` only what has expired at `at` is ended:',
      `a session that was used meanwhile is not ended as ${reason}, and lives on`,
      async (engine) => {
        await put(engine, first)
        await engine.touch(first.id, first.expiresAt - 1, first.expiresAt + MINUTE)
        same(
          await engine.end(first.id, reason, first.expiresAt),
          false,
          'end answered true for a live session',
        )
        const moved = { ...first, seenAt: first.expiresAt - 1, expiresAt: first.expiresAt + MINUTE }
        await isStored(engine, moved, 'the end of a live session left a trace')
        await lists(engine, ['u_1', first.expiresAt], [first.id], 'the live session left the index')
        same(
          await engine.end(first.id, reason, moved.expiresAt),
          true,
          'end answered false for an expired session',
        )
      },
    ),
  ),
  proves(ENDS, 'an end of an anonymous session is one like any other', async (engine) => {
    const anonymous = sample({ userId: null })
    await put(engine, anonymous)
    same(await engine.end(anonymous.id, 'replaced', NOW), true, 'end answered false for a live session')
    const tombstone = { ...anonymous, ended: { at: NOW, reason: 'replaced' as const } }
    await isStored(engine, tombstone, 'end did not leave the record as it was, ended at that instant')
    await isDue(engine, NOW, [tombstone], 'an ended anonymous session is not due')
  }),
]

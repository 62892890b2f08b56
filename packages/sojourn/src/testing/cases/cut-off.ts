import type { Engine, EngineTraits } from '../../core/port.ts'
import { LIFETIME_CEILING_MS } from '../../core/port.ts'
import { dueOf, endByCutOff, isStored, put, same } from '../claims.ts'
import type { ConformanceCase, StoreUnderTest } from '../conformance-case.ts'
import { DAY, MINUTE, NOW, next, numbered, sample, sampleUser } from '../sample.ts'

const CUT = 'is returned as ended by that cut-off, even where an index had lost it.'
const HELD = "When the user's cut-off is held against a session that the index had lost"
const REPLACED = 'a later call with a later `at` replaces it.'
const KEPT = 'Kept at least `LIFETIME_CEILING_MS`.'
const LATE =
  'returns such a lost record as it is stored, until a `replace`, `touch` or `end` meets it: that one finds it ended, and from then on so does `read`.'
const at = NOW + MINUTE
const onRead = ({ checksCutOff }: EngineTraits): boolean => checksCutOff === 'on-read'
const onWrite = ({ checksCutOff }: EngineTraits): boolean => checksCutOff === 'on-write'
const lost = numbered(1)
const by = (reason: 'admin' | 'revoked', instant: number) => ({ ended: { at: instant, reason } })

/** Cases in which `lost` is stored and live, and its user's index has lost it. */
function behindTheIndex(
  promise: string,
  name: string,
  run: (engine: Engine) => Promise<void>,
): ConformanceCase {
  return {
    name,
    promise,
    needs: 'loseIndexEntry',
    async run(store: StoreUnderTest) {
      const engine = await store.open()
      await put(engine, lost)
      await store.loseIndexEntry?.('u_1', lost.id)
      await run(engine)
    },
  }
}

/** After `endUser` a write is refused, and leaves the tombstone that the cut-off should have made. */
function meetsLate(
  name: string,
  write: (engine: Engine) => Promise<unknown>,
  refusal: unknown,
): ConformanceCase {
  const each = behindTheIndex(LATE, name, async (engine) => {
    await engine.endUser(sampleUser('u_1'), 'admin', at, null)
    await isStored(engine, lost, 'a session that the index had lost does not read as it is stored')
    same(await write(engine), refusal, 'a write revived or ended a session that was cut off')
    const cut = { ...lost, ...by('admin', at) }
    await isStored(engine, cut, 'a session that met the cut-off does not read as ended by it')
    same(
      await engine.end(lost.id, 'logout', at + 1),
      false,
      'end answered true for a session that was cut off',
    )
    same(await engine.list(sampleUser('u_1'), NOW), [], 'a session that was cut off is listed')
  })
  return { ...each, when: onWrite }
}

export const cutOffCases: readonly ConformanceCase[] = [
  {
    ...behindTheIndex(CUT, 'T52: the cut-off ends a session that the index had lost', async (engine) => {
      await engine.endUser(sampleUser('u_1'), 'admin', at, null)
      const cut = { ...lost, ...by('admin', at) }
      await isStored(engine, cut, 'a session that the index had lost outlived the cut-off of its user')
      same(
        await engine.replace(next(lost), 1, NOW),
        { outcome: 'gone' },
        'replace revived a session that was cut off',
      )
      same(await engine.touch(lost.id, at, at + MINUTE), false, 'touch revived a session that was cut off')
      await isStored(engine, cut, 'a session that was cut off changed afterwards')
    }),
    when: onRead,
  },
  meetsLate(
    'T52: a session that the index had lost is read as it is stored until a touch meets the cut-off',
    (engine) => engine.touch(lost.id, at, at + MINUTE),
    false,
  ),
  meetsLate(
    'T52: a session that the index had lost is read as it is stored until a replace meets the cut-off',
    (engine) => engine.replace(next(lost), 1, NOW),
    { outcome: 'gone' },
  ),
  meetsLate(
    'T52: a session that the index had lost is read as it is stored until an end meets the cut-off',
    (engine) => engine.end(lost.id, 'logout', at + 1),
    false,
  ),
  behindTheIndex(HELD, 'the cut-off of one user ends nobody else’s session', async (engine) => {
    await engine.endUser(sampleUser('u_2'), 'admin', at, null)
    same(await endByCutOff(engine, lost), null, 'the cut-off of another user ended a session')
  }),
  behindTheIndex(
    'that the cut-off does not except',
    'the cut-off leaves the excepted session alive, even where the index had lost it',
    async (engine) => {
      await engine.endUser(sampleUser('u_1'), 'admin', at, lost.id)
      same(await endByCutOff(engine, lost), null, 'the cut-off ended the session that it excepts')
    },
  ),
  behindTheIndex(
    'later than its `createdAt`',
    'the cut-off ends no session that was created at its instant',
    async (engine) => {
      await engine.endUser(sampleUser('u_1'), 'admin', lost.createdAt, null)
      same(
        await endByCutOff(engine, lost),
        null,
        'the cut-off ended a session that was not created before it',
      )
    },
  ),
  behindTheIndex(REPLACED, 'a later cut-off replaces an earlier one with its exception', async (engine) => {
    await engine.endUser(sampleUser('u_1'), 'admin', at, lost.id)
    await engine.endUser(sampleUser('u_1'), 'revoked', at + 1, null)
    const { ended } = by('revoked', at + 1)
    same(
      await endByCutOff(engine, lost),
      ended,
      'the exception of an earlier cut-off outlived a later cut-off',
    )
  }),
  behindTheIndex(REPLACED, 'an earlier cut-off that arrives late replaces no later one', async (engine) => {
    await engine.endUser(sampleUser('u_1'), 'admin', at, null)
    await engine.endUser(sampleUser('u_1'), 'revoked', lost.createdAt, null)
    same(await endByCutOff(engine, lost), by('admin', at).ended, 'a cut-off was replaced by an earlier one')
  }),
  behindTheIndex(
    "Sets the user's cut-off to `at`",
    'the cut-off is set for a user whose index is empty',
    async (engine) => {
      same(
        await engine.endUser(sampleUser('u_1'), 'admin', at, null),
        [],
        'endUser ended a session that no index holds',
      )
      same(await endByCutOff(engine, lost), { at, reason: 'admin' }, 'endUser set no cut-off')
    },
  ),
  behindTheIndex(KEPT, 'the cut-off is kept as long as a session may live', async (engine) => {
    await engine.endUser(sampleUser('u_1'), 'admin', at, null)
    const last = at + LIFETIME_CEILING_MS - 1
    for (const now of [NOW + DAY, last]) {
      const other = sample({ id: numbered(now % 1_000_000).id, userId: 'u_2', createdAt: now, seenAt: now })
      await put(engine, { ...other, expiresAt: now + 1, absoluteAt: now + 1 })
      await engine.endUser(sampleUser('u_2'), 'admin', now, null)
      await engine.list(sampleUser('u_1'), now)
      for (const { id } of await dueOf(engine, now, 10)) if (id !== lost.id) await engine.settle([id], null)
    }
    same(await endByCutOff(engine, lost), { at, reason: 'admin' }, 'the cut-off was not kept')
  }),
]

import type { Engine, EngineTraits, UserLimit } from '../../core/port.ts'
import { LEASE_MS } from '../../core/port.ts'
import { dueOf, endByCutOff, finish, idsOf, isDue, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, keepsDue } from '../conformance-case.ts'
import { HOUR, MINUTE, NOW, next, numbered, sampleId, samples, sampleUser } from '../sample.ts'

const SURVIVES = 'What an acknowledged write survives.'
const when = ({ survives }: EngineTraits): boolean => survives !== 'nothing'

/** A case about what a store still knows when its only handle was closed and it is opened again. */
function reopened(
  name: string,
  before: (engine: Engine) => Promise<void>,
  after: (engine: Engine) => Promise<void>,
  isFor: (traits: EngineTraits) => boolean = () => true,
): ConformanceCase {
  return {
    name,
    promise: SURVIVES,
    when: (traits) => when(traits) && isFor(traits),
    async run(store) {
      const engine = await store.open()
      await before(engine)
      await engine.close()
      await after(await store.open())
    },
  }
}

const [first, second] = [numbered(1), numbered(2)]
const touched = { ...next(second), seenAt: NOW + MINUTE, expiresAt: NOW + HOUR }

export const survivingCases: readonly ConformanceCase[] = [
  reopened(
    'sessions, tombstones and the user’s index are there after the store is opened again',
    async (engine) => {
      await put(engine, first, second)
      await finish(engine, NOW, first.id)
      same(await engine.replace(next(second), 1, NOW), { outcome: 'done' }, 'replace refused its version')
      same(await engine.touch(second.id, NOW + MINUTE, NOW + HOUR), true, 'touch found a live session dead')
    },
    async (engine) => {
      const tombstone = { ...first, ended: { at: NOW, reason: 'logout' as const } }
      await isStored(engine, tombstone, 'the tombstone of an ended session is lost')
      await isStored(engine, touched, 'an acknowledged replace or touch is lost')
      await lists(engine, ['u_1', NOW], [second.id], 'the user’s index is lost, or has drifted')
    },
  ),
  reopened(
    'the user’s limit still holds after the store is opened again',
    async (engine) => put(engine, ...samples(3)),
    async (engine) => {
      const limit: UserLimit = { max: 3, whenFull: 'refuse', replaces: null }
      same(
        await engine.create(numbered(9), limit, NOW + 9),
        { outcome: 'full' },
        'stored sessions were not counted',
      )
    },
  ),
  reopened(
    'what is due, and until when it is leased, is known after the store is opened again',
    async (engine) => {
      await put(engine, ...samples(3))
      await finish(engine, NOW + MINUTE, sampleId(1), sampleId(2))
      same(idsOf(await dueOf(engine, NOW + MINUTE, 1)), [sampleId(1)], 'an ended session is not due')
    },
    async (engine) => {
      same(idsOf(await dueOf(engine, NOW + MINUTE, 9)), [sampleId(2)], 'a lease is lost, or something due is')
      const all = idsOf(await dueOf(engine, NOW + HOUR + LEASE_MS, 9))
      same([...all].sort(), idsOf(samples(3)), 'a record that is due was lost')
    },
    keepsDue,
  ),
  reopened(
    'what was settled is still settled after the store is opened again',
    async (engine) => {
      await put(engine, first, second)
      await finish(engine, NOW, first.id, second.id)
      await engine.settle([first.id], null)
      await engine.settle([second.id], NOW + HOUR)
    },
    async (engine) => {
      const kept = { ...second, ended: { at: NOW, reason: 'logout' as const }, data: new Uint8Array() }
      same(await engine.read([first.id, second.id]), [null, kept], 'what settle did is lost')
      await isDue(engine, NOW + HOUR, [kept], 'a kept tombstone is not due at its instant')
    },
  ),
  {
    name: 'the cut-off is there after the store is opened again',
    promise: SURVIVES,
    when,
    needs: 'loseIndexEntry',
    async run(store) {
      const engine = await store.open()
      await put(engine, first)
      await store.loseIndexEntry?.('u_1', first.id)
      await engine.endUser(sampleUser('u_1'), 'admin', NOW + MINUTE, null)
      await engine.close()
      const cut = { at: NOW + MINUTE, reason: 'admin' }
      same(await endByCutOff(await store.open(), first), cut, 'the cut-off of a user is lost')
    },
  },
]

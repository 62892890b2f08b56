import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { DataCodec } from './data-codec.ts'
import { ENGINES } from './engines.test-support.ts'
import { SessionError } from './errors.ts'
import { ForeignDeadlines } from './foreign-deadlines.ts'
import { ForeignKeeper } from './foreign-keeper.ts'
import { LinkKeeper } from './foreign-link-keeper.ts'
import { ForeignLinks } from './foreign-links.ts'
import { applyChanges, changesBetween, type Fields } from './foreign-merge.ts'
import { isHandedOver } from './foreign-succession.ts'
import { ForeignTurns } from './foreign-turns.ts'
import { Desk, damage, everything, sweepFor, walkOf } from './foreign-world.test-support.ts'
import { ForeignWriter, type Job } from './foreign-writer.ts'
import type { Engine } from './port.ts'
import { StagedEngine } from './staged-engine.test-support.ts'
import { HOUR, MINUTE, SECOND, World } from './world.test-support.ts'

const [MEMORY] = ENGINES
afterEach(() => void vi.restoreAllMocks())

/** A promise: what happens is a list of what is wrong with it. */
interface Promised {
  readonly promise: string
  readonly wrongWith: (desk: Desk, other: Desk, world: World) => Promise<string[]>
  /** Makes a part wrong, so that the promise is broken. */
  readonly break: () => void
}

const { replace } = StagedEngine.prototype

/** Wherever a session is handed over. */
function breakHandingOver(broken: Engine['replace']): void {
  vi.spyOn(StagedEngine.prototype, 'replace').mockImplementation(function (this: StagedEngine, ...asked) {
    return Reflect.apply(isHandedOver(asked[0]) ? broken : replace, this, asked)
  })
}

const PROMISES: readonly Promised[] = [
  {
    promise: 'a write of what was read never makes a session',
    async wrongWith(desk, other) {
      await desk.write('one', { x: 1 })
      const { view } = await desk.read('one')
      await other.sessions.revoke('one')
      const key = await desk.write('one', { x: 2 }, view)
      return key || (await desk.data('one')) !== null ? ['it came back'] : []
    },
    break: () => {
      const { write } = ForeignWriter.prototype
      // As if the request had read nothing, of a key that may be used again.
      vi.spyOn(ForeignWriter.prototype, 'write').mockImplementation(function (
        this: ForeignWriter<unknown>,
        job: Job,
      ) {
        return Reflect.apply(write, this, [
          { ...job, view: null, key: { ...job.key, linkId: 'A'.repeat(16) } },
        ])
      })
    },
  },
  {
    promise: 'what two requests write in different fields is all there',
    async wrongWith(desk, other) {
      await desk.write('one', { z: 1 })
      const [a, b] = [await desk.read('one'), await other.read('one')]
      await desk.write('one', { z: 1, x: 1 }, a.view)
      await other.write('one', { z: 1, y: 1 }, b.view)
      const left = Object.keys((await desk.data('one')) ?? {}).sort()
      return left.join() === 'x,y,z' ? [] : [`${left} is left`]
    },
    break: () => {
      const { write } = ForeignWriter.prototype
      vi.spyOn(ForeignWriter.prototype, 'write').mockImplementation(function (
        this: ForeignWriter<unknown>,
        job: Job,
      ) {
        return Reflect.apply(write, this, [{ ...job, view: null }])
      })
    },
  },
  {
    promise: 'no link is left behind',
    async wrongWith(desk, _other, world) {
      await desk.write('one', { x: 1 })
      await desk.sessions.revoke('one')
      await sweepFor(world, desk.place, 4 * HOUR, 30 * MINUTE)
      return (await everything(world)).length === 1 ? [] : ['a record is left']
    },
    break: () => vi.spyOn(LinkKeeper.prototype, 'lookAt').mockResolvedValue(undefined),
  },
  {
    promise: 'no link goes before its session',
    async wrongWith(desk, other, world) {
      await desk.write('one', { x: 1 })
      for (let turn = 0; turn < 8; turn += 1) {
        world.clock.advance(20 * MINUTE)
        await desk.touch('one')
      }
      // As on a server that forgets by itself, and looks at nothing.
      const dead = (await everything(world)).filter(({ expiresAt }) => expiresAt <= world.clock.now())
      for (const { id } of dead) await world.raw.end(id, 'erased', world.clock.now())
      return (await other.data('one')) === null ? ['nobody finds it'] : []
    },
    break: () => vi.spyOn(ForeignKeeper.prototype, 'keepLink').mockResolvedValue(undefined),
  },
  {
    promise: 'a session that another process has put in its place is found',
    async wrongWith(desk, other) {
      await desk.write('one', { x: 1 })
      await other.read('one')
      await desk.write('one', { x: 1, user: 'ada' }, (await desk.read('one')).view)
      return (await other.data('one')) === null ? ['it is said to be absent'] : []
    },
    break: () => {
      const { target } = ForeignLinks.prototype
      const led = new WeakMap<ForeignLinks, string>()
      vi.spyOn(ForeignLinks.prototype, 'target').mockImplementation(async function (this: ForeignLinks, key) {
        const found = await Reflect.apply(target, this, [key])
        if (found.state !== 'live') return found
        const before = led.get(this) ?? found.link.token.id
        led.set(this, before)
        return before === found.link.token.id ? found : { state: 'unknown' as const }
      })
    },
  },
  {
    promise: 'a thousand uses within the throttle write nothing',
    async wrongWith(desk, _other, world) {
      await desk.write('one', { x: 1 })
      world.clock.advance(SECOND)
      desk.place.line.forget()
      for (let turn = 0; turn < 1_000; turn += 1) await desk.touch('one', null, (await desk.read('one')).view)
      const writes = desk.place.line.calls.filter((verb) => verb !== 'read')
      return writes.length === 0 ? [] : [`${writes.length} writes`]
    },
    break: () => {
      vi.spyOn(ForeignDeadlines.prototype, 'forget').mockReturnValue(undefined)
      const { move } = ForeignDeadlines.prototype
      vi.spyOn(ForeignDeadlines.prototype, 'move').mockImplementation(function (
        this: ForeignDeadlines,
        record,
        use,
      ) {
        return Reflect.apply(move, this, [{ ...record, seenAt: 0, expiresAt: 0 }, use])
      })
    },
  },
  {
    promise: 'nobody is served a session whose place another one took that has ended',
    async wrongWith(knows, other, world) {
      const dies = await Desk.open(world)
      await knows.write('one', { user: 'bob' })
      // Stored, and named by the one before, which has not ended yet.
      const held = await dies.holds({ user: 'ada' }, 'end')
      await other.place.store.revokeUser('ada')
      const served = [await other.data('one'), await knows.data('one')]
      held.release()
      await held.written
      return served.filter((data) => data !== null).map((data) => `${JSON.stringify(data)} is served`)
    },
    break: () => breakHandingOver(() => Promise.resolve({ outcome: 'done' })),
  },
  {
    promise: 'what is written while one session takes the place of another is not lost',
    async wrongWith(desk, other) {
      await desk.write('one', { x: 1 })
      const late = await other.read('one')
      const held = await desk.holds({ x: 1, user: 'ada' }, 'replace')
      await other.write('one', { x: 1, y: 1 }, late.view)
      held.release()
      await held.written
      const left = Object.keys((await other.data('one')) ?? {}).sort()
      return left.join() === 'user,x,y' ? [] : [`${left} is left`]
    },
    break: () =>
      breakHandingOver(async function (this: StagedEngine, record, expected, now) {
        const done = await Reflect.apply(replace, this, [record, expected, now])
        if (done.outcome !== 'conflict') return done
        const { version } = done.current
        return Reflect.apply(replace, this, [{ ...record, version: version + 1 }, version, now])
      }),
  },
  {
    promise: 'a log-in whose process dies half-way leaves the session',
    async wrongWith(dies, other) {
      await dies.write('one', { x: 1 })
      const { view } = await dies.read('one')
      dies.place.line.fail('end', 'before', 9)
      await dies.write('one', { x: 1, user: 'ada' }, view).catch(() => null)
      return (await other.data('one')) === null ? ['it is gone'] : []
    },
    break: () => {
      const { read } = StagedEngine.prototype
      vi.spyOn(StagedEngine.prototype, 'read').mockImplementation(async function (this: StagedEngine, ids) {
        const found = await Reflect.apply(read, this, [ids])
        return found.map((record) => record && { ...record, previous: null })
      })
    },
  },
  {
    promise: 'one session that cannot be read hides no other',
    async wrongWith(desk, other, world) {
      for (const id of ['one', 'two']) await desk.write(id, { id, user: id })
      const [session = ''] = await world.liveIds('one')
      await damage(world, session)
      const found = await walkOf(other).catch(() => [])
      const left = found.map(({ data }) => data['id'])
      return left.join() === 'two' ? [] : [`${left} is found`]
    },
    break: () => {
      const { draft } = DataCodec.prototype
      vi.spyOn(DataCodec.prototype, 'draft').mockImplementation(function (this: DataCodec<unknown>, bytes) {
        return draft.call(this, bytes).catch(() => Promise.reject(new SessionError('ENGINE_UNAVAILABLE')))
      })
    },
  },
  {
    promise: 'of two writes of one process the later one is the last',
    async wrongWith(desk) {
      const held = desk.place.line.hold('create')
      const first = desk.write('one', { n: 1 })
      const second = desk.write('one', { n: 2 })
      await held.reached
      held.release()
      await Promise.all([first, second])
      const left = JSON.stringify(await desk.data('one'))
      return left === '{"n":2}' ? [] : [left]
    },
    break: () =>
      vi.spyOn(ForeignTurns.prototype, 'take').mockImplementation((_hash, work) => work(() => undefined)),
  },
]

describe.each(PROMISES)('$promise', ({ wrongWith, break: breakIt }) => {
  async function played(): Promise<string[]> {
    await using world = await World.open(MEMORY)
    return await wrongWith(await Desk.open(world), await Desk.open(world), world)
  }

  test('is kept', async () => {
    expect(await played()).toEqual([])
  })

  test('is seen to be broken by a broken twin', async () => {
    breakIt()
    expect(await played()).not.toEqual([])
  })
})

type Merge = (base: Fields, stored: Fields, data: Fields) => Fields

const ours: Merge = (base, stored, data) => {
  const draft = { ...stored }
  applyChanges(draft, changesBetween(base, data))
  return draft
}

/** Merges that other stores have had, and took back. */
const BROKEN: readonly (readonly [string, Merge])[] = [
  ['the last writer wins', (_base, _stored, data) => data],
  ['the first writer wins', (_base, stored) => stored],
  ['deletions are forgotten', (_base, stored, data) => ({ ...stored, ...data })],
  [
    'what is not in the data is removed',
    (base, stored, data) =>
      Object.fromEntries(Object.entries(ours(base, stored, data)).filter(([key]) => key in data)),
  ],
  [
    'arrays are appended',
    (base, stored, data) =>
      Object.fromEntries(
        Object.entries(ours(base, stored, data)).map(([key, value]) => [key, appended(stored[key], value)]),
      ),
  ],
]

function appended(stored: unknown, value: unknown): unknown {
  return Array.isArray(stored) && Array.isArray(value) ? [...stored, ...value] : value
}

/** CONTRACTS L11 for one field, in the plainest words. */
function isRight(merge: Merge): boolean {
  const fields = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom<unknown>(1, 2, [1], [1, 2]))
  const run = fc.check(
    fc.property(fields, fields, fields, (base, stored, data) => {
      const merged = merge(base, stored, data)
      return ['a', 'b'].every((key) => {
        const isChanged = JSON.stringify(base[key]) !== JSON.stringify(data[key])
        return JSON.stringify(merged[key]) === JSON.stringify((isChanged ? data : stored)[key])
      })
    }),
    // A hundred, the default, let a broken one through once.
    { numRuns: 2_000 },
  )
  return !run.failed
}

describe('the check of merges', () => {
  test('accepts ours', () => expect(isRight(ours)).toBe(true))

  test.each(BROKEN)('refuses one in which %s', (_name, merge) => expect(isRight(merge)).toBe(false))
})

import { afterEach, describe, expect, test, vi } from 'vitest'
import { archiveTo } from './archive.ts'
import { ArchiveRows } from './archive-row.ts'
import { Archiver } from './archiver.ts'
import { Checkpoints } from './checkpoints.ts'
import { DeadLetters } from './dead-letters.ts'
import { ENGINES } from './engines.test-support.ts'
import { Erasure } from './erasure.ts'
import { LEASE_MS } from './port.ts'
import { Settler } from './settler.ts'
import { isDown, refusing, Shelf } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { HOUR, MINUTE, type Place, type Visit, World } from './world.test-support.ts'

const [MEMORY] = ENGINES
afterEach(() => void vi.restoreAllMocks())

type Shelved = World & { readonly shelf: Shelf }

async function shelved(): Promise<Shelved> {
  const shelf = new Shelf()
  const select = ({ data }: { readonly data: unknown }) => data
  const atEnd = archiveTo<Visit>(shelf.destination, { select, checkpoint: { every: '5m' } })
  return Object.assign(await World.open(MEMORY, { atEnd }), { shelf })
}

/** Half a day in which everything that is due is settled. */
async function halfADay(world: World, ...places: readonly Place[]): Promise<void> {
  for (let round = 0; round < 12; round += 1) {
    world.clock.advance(HOUR)
    for (const { store } of places) while ((await store.sweep()) > 0);
  }
}

async function loggedOut(place: Place, userId = 'ada'): Promise<string> {
  const { token, session } = await place.store.create({ userId })
  await place.store.revoke(token)
  return session.id
}

/** A promise: what happens is a list of what is wrong with it. */
interface Promised {
  readonly promise: string
  readonly wrongWith: (world: Shelved) => Promise<string[]>
  /** Makes a part wrong, so that the promise is broken. */
  readonly break: () => void
}

const PROMISES: readonly Promised[] = [
  {
    promise: 'what ended is forgotten only when it is archived',
    async wrongWith(world) {
      const place = await world.place()
      world.shelf.mood = isDown
      const id = await loggedOut(place)
      world.clock.advance(SETTLE_AFTER_MS)
      await place.store.sweep()
      world.shelf.mood = () => null
      await halfADay(world, place)
      return world.shelf.rows.has(id) ? [] : ['it was forgotten']
    },
    break: () => vi.spyOn(Archiver.prototype, 'store').mockImplementation(async (records) => records),
  },
  {
    promise: 'what is refused is kept',
    async wrongWith(world) {
      const place = await world.place()
      const id = await loggedOut(place)
      world.shelf.mood = refusing(id)
      await halfADay(world, place)
      return (await place.store.archive.deadLetters()).map((letter) => letter.id).includes(id)
        ? []
        : ['it is gone']
    },
    break: () => vi.spyOn(DeadLetters.prototype, 'write').mockResolvedValue(true),
  },
  {
    promise: 'what is refused is tried ten times',
    async wrongWith(world) {
      const place = await world.place()
      world.shelf.mood = refusing(await loggedOut(place))
      await halfADay(world, place)
      await halfADay(world, place)
      return world.shelf.batches.length === 10 ? [] : [`${world.shelf.batches.length} times`]
    },
    break: () => vi.spyOn(DeadLetters.prototype, 'refusedAgain').mockResolvedValue(),
  },
  {
    promise: 'what waits for the archive is not archived when its user is erased',
    async wrongWith(world) {
      const place = await world.place()
      world.shelf.mood = isDown
      const id = await loggedOut(place)
      world.clock.advance(SETTLE_AFTER_MS)
      await place.store.sweep()
      world.shelf.mood = () => null
      await place.store.eraseUser('ada')
      world.shelf.rows.clear()
      await halfADay(world, place)
      return world.shelf.rows.has(id) || world.shelf.batches.length > 1 ? ['it was archived'] : []
    },
    break: () => vi.spyOn(Erasure.prototype, 'among').mockResolvedValue(new Set()),
  },
  {
    promise: 'a process that was told of no archive discards nothing',
    async wrongWith(world) {
      const place = await world.place()
      const plain = await world.place({ atEnd: undefined } as object)
      const id = await loggedOut(plain)
      world.clock.advance(SETTLE_AFTER_MS)
      await plain.store.sweep()
      await halfADay(world, place)
      return world.shelf.rows.has(id) ? [] : ['it was discarded']
    },
    break: () => vi.spyOn(Settler.prototype, 'maySettle').mockResolvedValue(true),
  },
  {
    promise: 'a live session that changed is kept',
    async wrongWith(world) {
      const place = await world.place()
      const { session } = await place.store.create({ data: { count: 1 } })
      await place.store.drain()
      world.clock.advance(6 * MINUTE)
      await place.store.sweep()
      return world.shelf.live.has(session.id) ? [] : ['there is no checkpoint']
    },
    break: () => vi.spyOn(Checkpoints.prototype, 'note').mockReturnValue(),
  },
  {
    promise: 'the lag is told',
    async wrongWith(world) {
      const place = await world.place()
      world.shelf.mood = isDown
      await loggedOut(place)
      for (let round = 0; round < 5; round += 1) {
        world.clock.advance(LEASE_MS)
        await place.store.sweep()
      }
      const { lagMs } = place.store.archive.status()
      return lagMs === 5 * LEASE_MS ? [] : [`${lagMs} ms`]
    },
    break: () => vi.spyOn(Settler.prototype, 'lagMs', 'get').mockReturnValue(0),
  },
  {
    promise: 'no credential is archived by mistake',
    async wrongWith(world) {
      const shelf = new Shelf()
      const select = () => ({ token: 'hunter2' })
      const place = await world.place({ atEnd: archiveTo<Visit>(shelf.destination, { select }) })
      await loggedOut(place)
      await halfADay(world, place)
      return JSON.stringify([...shelf.rows.values()]).includes('hunter2') ? ['it was archived'] : []
    },
    break: () => {
      vi.spyOn(ArchiveRows.prototype, 'ended').mockImplementation(async (record, { at, reason }) => {
        return { ...record, endedAt: at, reason, data: { token: 'hunter2' }, json: '{"token":"hunter2"}' }
      })
    },
  },
]

describe.each(PROMISES)('$promise', (promised) => {
  test('is kept', async () => {
    await using world = await shelved()
    expect(await promised.wrongWith(world)).toEqual([])
  })

  test('is seen to be broken by a broken twin', async () => {
    promised.break()
    await using world = await shelved()
    expect(await promised.wrongWith(world)).not.toEqual([])
  })
})

import { describe, expect, test } from 'vitest'
import { Background } from './background.ts'
import { Counters } from './counters.ts'
import { createSessionStore } from './create-session-store.ts'
import { ENGINES } from './engines.test-support.ts'
import { Events } from './events.ts'
import type { FeedEvent } from './feed.ts'
import { type BusMood, TestBus } from './feed-bus.test-support.ts'
import { FeedLink } from './feed-link.ts'
import { leaks, outputsOf } from './leaks.test-support.ts'
import { misuse } from './misuse.test-support.ts'
import type { SessionRecord } from './port.ts'
import { TestClock } from './test-clock.test-support.ts'
import { Watcher } from './watcher.ts'
import { endsOf, type Place, SECOND, START, World } from './world.test-support.ts'

const [MEMORY] = ENGINES

/** What was begun in this turn has been sent, and heard. */
async function turn(...places: readonly Place[]): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  for (const { store } of places) await store.drain()
}

async function openPair(feed = new TestBus()) {
  const world = await World.open(MEMORY, { feed })
  const [here, there] = await world.pair()
  return { world, feed, here, there }
}

describe('with a feed', () => {
  test('T62: an end here is told in the other process, marked as remote, and here once', async () => {
    const { world, here, there } = await openPair()
    await using _ = world
    const { session, token } = await here.store.create({ userId: 'u_1' })
    await here.store.revoke(token)
    await turn(here, there)
    const ended = { name: 'ended', at: START, id: session.id, userId: 'u_1', reason: 'logout' }
    expect(there.told).toEqual([{ ...ended, remote: true }])
    expect(here.told.filter(({ name }) => name === 'ended')).toEqual([ended])
  })

  test('T62: a watch in the other process fires without waiting for its next look', async () => {
    const { world, here, there } = await openPair()
    await using _ = world
    const { session, token } = await here.store.create()
    let told = 0
    there.store.watch(session, () => (told += 1))
    await here.store.revoke(token)
    await turn(here, there)
    expect(told).toBe(1)
    world.clock.advance(SECOND)
    await turn(there)
    expect(told).toBe(1)
  })

  test('T62: what the feed lost is made up for by the next look', async () => {
    const { world, feed, here, there } = await openPair()
    await using _ = world
    const { session, token } = await here.store.create()
    let told = 0
    there.store.watch(session, () => (told += 1))
    feed.mood = 'rejects'
    await here.store.revoke(token)
    await turn(here, there)
    expect(told).toBe(0)
    world.clock.advance(SECOND / 2)
    await turn(there)
    expect(told).toBe(1)
  })

  test('T62: a gap makes the watches look at all of theirs at once', async () => {
    const { world, feed, here, there } = await openPair()
    await using _ = world
    const { session, token } = await here.store.create()
    const other = await here.store.create()
    const told: string[] = []
    for (const each of [session, other.session]) there.store.watch(each, () => told.push(each.id))
    feed.mood = 'rejects'
    await here.store.revoke(token)
    await turn(here)
    const gaps: unknown[] = []
    there.store.on('feedGap', (gap) => gaps.push(gap))
    feed.ends[1]?.missed()
    await turn(there)
    expect(told).toEqual([session.id])
    expect(gaps).toEqual([{ at: START }])
    expect(there.store.counters().feedGaps).toBe(1)
  })

  test('six hundred ends in one turn are two batches for the feed, and one read for the watches', async () => {
    const { world, feed, here, there } = await openPair()
    await using _ = world
    const made = await Promise.all(Array.from({ length: 600 }, () => here.store.create({ userId: 'u_1' })))
    let told = 0
    for (const { session } of made) there.store.watch(session, () => (told += 1))
    there.line.forget()
    await here.store.revokeUser('u_1')
    await turn(here, there)
    expect(feed.published.map(({ length }) => length)).toEqual([500, 100])
    expect(told).toBe(600)
    expect(there.line.calls.length).toBeLessThanOrEqual(2)
  })

  test('what was heard is not told on, and what the feed does not carry is not told', async () => {
    const feed = new TestBus(['ended'])
    await using world = await World.open(MEMORY, { feed })
    const places = [await world.place(), await world.place(), await world.place()] as const
    const { token } = await places[0].store.create({ userId: 'u_1' })
    const issued = await places[1].store.rotate(token)
    await places[1].store.revoke(issued?.token ?? '')
    await turn(...places)
    expect(feed.published.flat().map(({ name }) => name)).toEqual(['ended'])
    expect(places.map((place) => endsOf(place).length)).toEqual([1, 1, 1])
  })

  test('T14: what is told holds no token, secret or digest', async () => {
    const feed = new TestBus(['created', 'rotated', 'reauthenticated', 'ended', 'reuseDetected'])
    await using world = await World.open(MEMORY, { feed })
    const { store } = await world.place()
    const { session, token } = await store.create({ userId: 'u_1', data: { language: 'a-marked-word' } })
    const { digest } = await world.stored(session.id)
    const rotated = await store.rotate(token)
    const proved = await store.reauthenticate(rotated?.token ?? '', { userId: 'u_1' })
    await store.revoke(proved?.token ?? '')
    await turn()
    expect(feed.published.flat()).toHaveLength(4)
    const secrets = [token, rotated?.token ?? '', proved?.token ?? ''].map((each) => each.slice(16))
    const output = outputsOf(feed.published)
    expect(leaks(output, [...secrets, digest, Buffer.from('a-marked-word')])).toEqual([])
    expect(leaks(output, [session.id])).not.toEqual([])
  })
})

describe('a feed that', () => {
  test.each<BusMood>(['rejects', 'throws', 'hangs'])('T82: %s changes no operation', async (mood) => {
    const { world, feed, here } = await openPair()
    await using _ = world
    feed.mood = mood
    for (let number = 0; number < 3; number += 1) {
      const { token } = await here.store.create()
      expect(await here.store.revoke(token)).toBe(true)
      expect(await here.store.read(token)).toBeNull()
      await turn(here)
    }
    const closed = here.store.close()
    await turn()
    world.clock.advance(SECOND)
    await closed
    // Of the one that hangs nobody knows whether it was told.
    expect(here.store.counters().feedUntold).toBe(mood === 'hangs' ? 2 : 3)
  })

  test('T77: takes nothing fills no memory: 10,000 events wait, and the others are counted', async () => {
    const counters = new Counters()
    const events = new Events(counters)
    const feed = new TestBus()
    feed.mood = 'hangs'
    const link = new FeedLink({ clock: new TestClock(), counters, events }, feed)
    const end = () =>
      events.emit('ended', { at: START, id: 'AbCdEfGhIjKlMnOp', userId: null, reason: 'idle' })
    end()
    await turn()
    for (let number = 0; number < 10_300; number += 1) end()
    expect(counters.snapshot().feedUntold).toBe(300)
    expect(link).toBeInstanceOf(FeedLink)
  })

  test('never begins keeps no store from opening', async () => {
    const clock = new TestClock()
    const feed = new TestBus()
    feed.listening = new Promise(() => undefined)
    const opening = createSessionStore({ engine: (await MEMORY.prepare()).open(), feed, clock, sweep: false })
    await turn()
    clock.advance(SECOND)
    const store = await opening
    expect(store.counters().feedFailures).toBe(1)
    await store.close()
  })

  test.each([null, {}, 'redis', { open: 1 }, { open: () => null, carries: ['everything'] }])(
    'is %j is refused',
    async (feed) => {
      const engine = (await MEMORY.prepare()).open()
      await expect(
        misuse({ createSessionStore }, 'createSessionStore', { engine, feed }),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    },
  )

  test('closed with its store hears and tells nothing more', async () => {
    const { world, feed, here, there } = await openPair()
    await using _ = world
    const [ears] = feed.ends
    await here.store.close()
    expect(feed.ends).toHaveLength(1)
    const { session, token } = await there.store.create()
    await there.store.revoke(token)
    const forged: FeedEvent = { name: 'reuseDetected', at: START, id: session.id, userId: null }
    ears?.told(forged)
    ears?.missed()
    await turn(there)
    expect(here.told).toEqual([])
    expect(here.store.counters().feedGaps).toBe(0)
  })
})

describe('an end that the feed tells', () => {
  const FORGED = { at: START, userId: null, reason: 'logout' } as const

  test('T62: ends nothing by itself: a session that lives stays watched', async () => {
    const { world, feed, here } = await openPair()
    await using _ = world
    const { session, token } = await here.store.create()
    let told = 0
    here.store.watch(session, () => (told += 1))
    here.line.forget()
    feed.ends[0]?.told({ name: 'ended', id: session.id, ...FORGED })
    await turn(here)
    expect(here.line.calls).toEqual(['read'])
    expect(told).toBe(0)
    expect(await here.store.read(token)).not.toBeNull()
    await here.store.revoke(token)
    expect(told).toBe(1)
  })

  test('of a session that nobody watches costs no call to the engine', async () => {
    const { world, feed, here } = await openPair()
    await using _ = world
    const { session } = await here.store.create()
    here.line.forget()
    feed.ends[0]?.told({ name: 'ended', id: session.id, ...FORGED })
    feed.ends[0]?.missed()
    await turn(here)
    expect(here.line.calls).toEqual([])
  })

  test('would close a live socket if it were not marked as remote', async () => {
    const counters = new Counters()
    const events = new Events(counters)
    const background = new Background(counters)
    const records = { read: async () => [{}], isLive: (_: SessionRecord) => true }
    const watcher = misuse({ make: (context: never) => new Watcher(context) }, 'make', {
      ...{ clock: new TestClock(), counters, events, background, records },
    })
    expect(watcher).toBeInstanceOf(Watcher)
    const id = 'AbCdEfGhIjKlMnOp'
    let told = 0
    if (watcher instanceof Watcher) watcher.watch(id, () => (told += 1))
    events.emit('ended', { ...FORGED, id, remote: true })
    await background.drain()
    expect(told).toBe(0)
    events.emit('ended', { ...FORGED, id })
    expect(told).toBe(1)
  })
})

import { expect, test } from 'vitest'
import { archiveTo } from './archive.ts'
import { ENGINES } from './engines.test-support.ts'
import { SessionError } from './errors.ts'
import { ownRecord } from './own-record.ts'
import { LEASE_MS, NEVER, USER_CEILING } from './port.ts'
import { isDown, refusing, Shelf } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { MINUTE, SECOND, World } from './world.test-support.ts'

const [MEMORY] = ENGINES

/** A store of sessions that have ended, and the shelf that they are to reach. */
async function ended(count: number, name = 'shelf') {
  const shelf = new Shelf()
  const destination = { ...shelf.destination, name }
  const world = await World.open(MEMORY, { atEnd: archiveTo(destination) })
  const { store } = await world.place()
  const ids: string[] = []
  for (let made = 0; made < count; made += 1) {
    const { token, session } = await store.create()
    ids.push(session.id)
    await store.revoke(token)
    world.clock.advance(1)
  }
  world.clock.advance(SETTLE_AFTER_MS)
  return Object.assign(world, { shelf, store, ids })
}

test('an outage is asked after less and less often, one session at a time', async () => {
  await using world = await ended(120)
  world.shelf.mood = isDown
  for (let second = 0; second < 600; second += 1) {
    await world.store.sweep()
    world.clock.advance(SECOND)
  }
  const [first, ...later] = world.shelf.batches
  expect(first).toBe(100)
  expect(new Set(later)).toEqual(new Set([1]))
  expect(later.length).toBeLessThan(25)
  expect(later.length).toBeGreaterThan(8)
})

test.each([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'ENOSPC',
  'UND_ERR_CONNECT_TIMEOUT',
  'ARCHIVE_UNAVAILABLE',
])('%s is the fault of no session: all wait, and there is no dead letter', async (code) => {
  await using world = await ended(3)
  for (const error of [
    Object.assign(new Error('x'), { code }),
    new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) }),
  ].slice(0, code === 'ARCHIVE_UNAVAILABLE' ? 1 : 2)) {
    world.shelf.mood = () => Promise.reject(error)
    expect(await world.store.sweep()).toBe(0)
    world.clock.advance(2 * LEASE_MS)
  }
  expect(await world.store.archive.deadLetters()).toEqual([])
  world.shelf.mood = () => null
  await world.store.sweep()
  expect(world.shelf.rows.size).toBe(3)
})

test('T107: what a destination fails with is told without what it says', async () => {
  await using world = await ended(1)
  const cause = Object.assign(new Error('duplicate key (e-mail)=(ada@example.com)'), {
    detail: 'ada@example.com',
  })
  world.shelf.mood = () => Promise.reject(cause)
  await world.store.sweep()
  const [letter] = await world.store.archive.deadLetters()
  expect(letter?.error.message).toContain('shelf failed')
  expect(JSON.stringify(letter)).not.toContain('ada')
})

test('T82: a destination that throws at once is as one that rejects', async () => {
  await using world = await ended(2)
  world.shelf.mood = () => {
    throw new TypeError('not today')
  }
  await world.store.sweep()
  expect(await world.store.archive.deadLetters()).toHaveLength(2)
})

test('of a thousand that end at once, a hundred are written at a time', async () => {
  await using world = await ended(1_000)
  while ((await world.store.sweep()) > 0);
  expect(new Set(world.shelf.batches)).toEqual(new Set([100]))
  expect(world.shelf.rows.size).toBe(1_000)
})

test('what is refused is found by halves: in a hundred, one costs fourteen writes', async () => {
  await using world = await ended(100)
  const [, , , bad = ''] = world.ids
  world.shelf.mood = (batch) =>
    batch.some(({ id }) => id === bad) ? Promise.reject(new TypeError('no')) : null
  await world.store.sweep()
  expect(world.shelf.batches).toHaveLength(15)
  expect(world.shelf.rows.size).toBe(99)
})

test.each([
  ['cuts the connection', () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNRESET' }))],
  ['is never written in time', () => Promise.reject(new SessionError('ARCHIVE_UNAVAILABLE'))],
])('T106: a session that %s is found, and holds up nobody', async (_name, fail) => {
  await using world = await ended(300)
  const [bad = ''] = world.ids
  world.shelf.mood = (batch) => (batch.some(({ id }) => id === bad) ? fail() : null)
  for (let minute = 0; minute < 60; minute += 1) {
    await world.store.sweep()
    world.clock.advance(MINUTE)
    // Alone, it could not be told from an outage.
    const { token } = await world.store.create()
    await world.store.revoke(token)
  }
  expect(world.shelf.rows.size).toBeGreaterThan(350)
  expect(world.shelf.rows.has(bad)).toBe(false)
  expect(await world.store.archive.deadLetters()).toMatchObject([{ id: bad }])
})

test('a function that fails with everything is taken for one whose service is away', async () => {
  await using world = await ended(150)
  world.shelf.mood = () => Promise.reject(new Error('HTTP 503'))
  for (let minute = 0; minute < 180; minute += 1) {
    await world.store.sweep()
    world.clock.advance(MINUTE)
  }
  expect(world.store.archive.status().outage?.message).toContain('fails with everything')
  expect(await world.store.archive.deadLetters()).toEqual([])
  world.shelf.mood = () => null
  for (let minute = 0; minute < 5; minute += 1) {
    await world.store.sweep()
    world.clock.advance(MINUTE)
  }
  expect(world.shelf.rows.size).toBe(150)
})

test('where there is no room for another letter the session waits, and is not lost', async () => {
  await using world = await ended(3)
  world.shelf.mood = refusing(...world.ids.slice(0, 1))
  const [first = ''] = world.ids
  for (let made = 0; made < USER_CEILING; made += 1) {
    const bucket = first.slice(0, 2)
    const id = bucket + String(made).padStart(14, '_')
    const parts = { userId: `\0dead letters/${bucket}`, createdAt: 1, lookAt: NEVER, content: null }
    const record = ownRecord({ kind: 'dead letter', id, ...parts })
    expect(await world.raw.create(record, null, 1)).toMatchObject({ outcome: 'done' })
  }
  await world.store.sweep()
  expect(await world.store.archive.deadLetters()).toEqual([])
  world.shelf.mood = () => null
  world.clock.advance(LEASE_MS)
  await world.store.sweep()
  expect(world.shelf.rows.size).toBe(3)
})

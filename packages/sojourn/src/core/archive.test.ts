import { describe, expect, test } from 'vitest'
import { settle, shelved } from './archive-world.test-support.ts'
import { ENGINES } from './engines.test-support.ts'
import { type EndReason, LEASE_MS, TOMBSTONE_MS } from './port.ts'
import { isDown, refusing } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { HOUR, MINUTE, namesOf, SECOND, tokenOf } from './world.test-support.ts'

const IDLE = 30 * MINUTE

describe.each(ENGINES)('the archive over $name', (engine) => {
  test('T110: a session that was logged out is archived, and only then forgotten', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const { token, session } = await place.store.create({ userId: 'u_1', data: { cart: ['book'] } })
    await place.store.update(token, (draft) => Object.assign(draft, { count: 3 }))
    world.clock.advance(MINUTE)
    await place.store.revoke(token)
    const endedAt = world.clock.now()
    expect(world.shelf.rows.size).toBe(0)
    await settle(world, place)
    const { id, createdAt } = session
    expect([...world.shelf.rows.values()]).toEqual([
      {
        ...{ id, userId: 'u_1', createdAt, seenAt: createdAt, authenticatedAt: createdAt },
        ...{ endedAt, reason: 'logout', data: { cart: ['book'], count: 3 } },
        json: '{"cart":["book"],"count":3}',
      },
    ])
    expect((await world.stored(id)).data.byteLength).toBe(0)
    world.clock.advance(TOMBSTONE_MS)
    await settle(world, place)
    expect(await world.record(id)).toBeNull()
    expect(world.shelf.batches).toEqual([1])
  })

  test('T109: without select no data leaves the store', async () => {
    await using world = await shelved(engine, {})
    const place = await world.place()
    const { token } = await place.store.create({ data: { language: 'fr' } })
    await place.store.revoke(token)
    await settle(world, place)
    expect([...world.shelf.rows.values()]).toMatchObject([{ userId: null, data: null, json: null }])
  })

  test('every ending is archived with its reason, and one that was erased is not', async () => {
    await using world = await shelved(engine, {}, { perUser: { max: 2 } })
    const place = await world.place()
    const { store } = place
    const made: Record<string, EndReason> = {}
    const session = async (userId: string, reason: EndReason) => {
      const issued = await store.create({ userId })
      made[issued.session.id] = reason
      return issued.token
    }
    await store.revoke(await session('a', 'logout'))
    await session('b', 'revoked').then(() => store.revokeUser('b'))
    await session('c', 'admin').then((token) => store.revoke(token, { reason: 'admin' }))
    await session('d', 'limit')
    world.clock.advance(1)
    await store.create({ userId: 'd' })
    await store.create({ userId: 'd' })
    await store.create({ userId: 'e', replaces: await session('e', 'replaced') })
    const retired = await session('f', 'reuse')
    const next = tokenOf(await store.rotate(retired))
    await store.read(next)
    await store.drain()
    world.clock.advance(10 * SECOND)
    await store.read(retired)
    await session('g', 'idle')
    const gone = await store.create({ userId: 'h' })
    await expect(store.revoke(gone.token, { reason: 'erased' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await store.eraseUser('h')
    world.clock.advance(IDLE)
    await settle(world, place)
    expect(world.shelf.reasons).toMatchObject(made)
    expect(world.shelf.reasons).not.toHaveProperty(gone.session.id)
    expect(await world.record(gone.session.id)).toBeNull()
  })

  test('the absolute deadline is told from the idle one', async () => {
    await using world = await shelved(engine, {}, { lifetime: { idle: '30m', absolute: '40m' } })
    const place = await world.place()
    const { token, session } = await place.store.create()
    world.clock.advance(20 * MINUTE)
    await place.store.touch(token)
    world.clock.advance(HOUR)
    await settle(world, place)
    expect(world.shelf.rows.get(session.id)).toMatchObject({
      reason: 'absolute',
      endedAt: session.absoluteAt,
    })
  })

  test('on chooses the endings; the others are discarded', async () => {
    await using world = await shelved(engine, { on: ['logout'] })
    const place = await world.place()
    const { token, session } = await place.store.create()
    const other = await place.store.create()
    await place.store.revoke(token)
    await place.store.revoke({ id: other.session.id, operator: true })
    await settle(world, place)
    expect(world.shelf.reasons).toEqual({ [session.id]: 'logout' })
    expect((await world.stored(other.session.id)).data.byteLength).toBe(0)
  })

  test('T48: a session that is used before the look of a sweep lives on, also when the clock there is ahead', async () => {
    await using world = await shelved(engine)
    const slow = await world.place()
    const ahead = await world.place({ clock: world.clockAhead(10 * SECOND) })
    const { token, session } = await slow.store.create()
    world.clock.advance(IDLE - 5 * SECOND)
    const held = ahead.line.hold('due', 'before')
    const sweep = ahead.store.sweep()
    await held.reached
    expect(await slow.store.touch(token)).toBe(true)
    held.release()
    await sweep
    expect(await slow.store.read(token)).not.toBeNull()
    expect(world.shelf.batches).toEqual([])
    world.clock.advance(IDLE)
    await settle(world, slow)
    expect(world.shelf.rows.get(session.id)).toMatchObject({ reason: 'idle' })
  })

  test('what expired holds what was stored last, also by another process', async () => {
    await using world = await shelved(engine)
    const [one, two] = await world.pair()
    const { token, session } = await one.store.create({ data: { count: 1 } })
    await two.store.update(token, (draft) => Object.assign(draft, { count: 2 }))
    world.clock.advance(IDLE)
    await settle(world, one)
    expect(world.shelf.rows.get(session.id)).toMatchObject({ reason: 'idle', data: { count: 2 } })
  })

  test('T82, T110: an archive that is down holds up no log-out, and loses nothing', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const { store } = place
    world.shelf.mood = isDown
    const made = await Promise.all(Array.from({ length: 150 }, () => store.create({ userId: 'u_1' })))
    for (const { token } of made) expect(await store.revoke(token)).toBe(true)
    for (let minute = 0; minute < 30; minute += 1) {
      world.clock.advance(MINUTE)
      await store.sweep()
    }
    expect(world.shelf.rows.size).toBe(0)
    expect(store.archive.status()).toMatchObject({
      destination: 'shelf',
      outage: { code: 'ARCHIVE_UNAVAILABLE' },
    })
    expect(store.archive.status().lagMs).toBe(30 * MINUTE)
    expect(await store.archive.deadLetters()).toEqual([])
    world.shelf.mood = () => null
    world.clock.advance(LEASE_MS)
    await settle(world, place)
    expect(world.shelf.rows.size).toBe(150)
    expect(store.archive.status().outage).toBeNull()
    world.clock.advance(2 * LEASE_MS)
    expect(store.archive.status().lagMs).toBe(0)
    const told = namesOf(place).filter((name) => name === 'archiveInterrupted' || name === 'archiveResumed')
    expect(told).toEqual(['archiveInterrupted', 'archiveResumed'])
    expect(namesOf(place).filter((name) => name === 'archived')).toHaveLength(150)
  })

  test('T82: one that never answers is given up after ten seconds, and its sessions come again', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const { token, session } = await place.store.create()
    await place.store.revoke(token)
    const reached = new Promise<void>((resolve) => {
      world.shelf.mood = () => {
        resolve()
        return new Promise(() => undefined)
      }
    })
    world.clock.advance(SETTLE_AFTER_MS)
    const sweep = place.store.sweep()
    await reached
    world.clock.advance(10 * SECOND)
    expect(await sweep).toBe(0)
    expect(place.store.archive.status().outage?.message).toContain('10000 ms')
    world.shelf.mood = () => null
    world.clock.advance(LEASE_MS)
    await settle(world, place)
    expect(world.shelf.reasons).toEqual({ [session.id]: 'logout' })
  })

  test.each([
    ['due', 'after'],
    ['end', 'before'],
    ['end', 'after'],
    ['read', 'before'],
    ['read', 'after'],
    ['create', 'before'],
    ['create', 'after'],
    ['settle', 'before'],
    ['settle', 'after'],
  ] as const)(
    'T110: one that dies at %s, %s it is done, loses nothing and contradicts nothing',
    async (verb, stage) => {
      await using world = await shelved(engine)
      const [dying, other] = await world.pair()
      const made = await Promise.all(
        Array.from({ length: 60 }, (_, count) => other.store.create({ userId: 'u_1', data: { count } })),
      )
      const [poison = ''] = made.map(({ session }) => session.id)
      world.shelf.mood = refusing(poison)
      for (const { token } of made.slice(0, 30)) await other.store.revoke(token)
      world.clock.advance(IDLE + SETTLE_AFTER_MS)
      dying.line.fail(verb, stage, 1_000)
      await dying.store.sweep().catch(() => 0)
      for (let round = 0; round < 3; round += 1) {
        world.clock.advance(LEASE_MS)
        await other.store.sweep()
      }
      expect(world.shelf.rows.size).toBe(59)
      expect(world.shelf.contradictions).toEqual([])
      expect(await other.store.archive.deadLetters()).toMatchObject([{ id: poison }])
    },
  )

  test('on an idle store a session is archived within ten seconds of its deadline', async () => {
    await using world = await shelved(engine, {}, { lifetime: { idle: '1m', absolute: '1h' } })
    const place = await world.place({ sweep: true })
    for (let round = 0; round < 5; round += 1) {
      const { session } = await place.store.create()
      const end = session.expiresAt + 10 * SECOND
      while (world.clock.now() < end && !world.shelf.rows.has(session.id)) {
        world.clock.advance(end - world.clock.now() > 20 * SECOND ? SECOND : 100)
        await place.store.drain()
      }
      expect(world.shelf.rows.has(session.id)).toBe(true)
    }
  })

  test.each([HOUR, -HOUR])('T50: a clock that jumps by %d ms archives nothing that lives', async (by) => {
    await using world = await shelved(engine)
    const place = await world.place()
    const { session } = await place.store.create()
    await place.store.sweep()
    world.clock.jump(by)
    expect(await place.store.sweep()).toBe(0)
    expect(world.shelf.batches).toEqual([])
    world.clock.jump(-by)
    world.clock.advance(IDLE)
    await settle(world, place)
    expect(world.shelf.rows.get(session.id)).toMatchObject({ reason: 'idle', endedAt: session.expiresAt })
  })

  test('what revokeAll ended is archived with the time of that, not of its deadline', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const { session } = await place.store.create()
    world.clock.advance(MINUTE)
    await place.store.revokeAll()
    const endedAt = world.clock.now() + 1
    world.clock.advance(HOUR)
    await settle(world, place)
    expect(world.shelf.rows.get(session.id)).toMatchObject({ reason: 'revoked', endedAt })
  })

  test('a sweep that fails is told by the status, and what it could not see counts as waiting', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    await place.store.sweep()
    const sweptAt = world.clock.now()
    place.line.fail('due', 'before', 100)
    for (let minute = 0; minute < 30; minute += 1) {
      world.clock.advance(MINUTE)
      await place.store.sweep().catch(() => 0)
    }
    expect(place.store.archive.status()).toMatchObject({
      ...{ lagMs: 30 * MINUTE, sweptAt, failure: 'ENGINE_UNAVAILABLE', outage: null },
    })
  })

  test('T106: text that no archive can hold is refused when it is written', async () => {
    await using world = await shelved(engine)
    await world.place()
    const { store } = await world.place({ atEnd: 'discard' })
    const { token } = await store.create()
    const refused = { code: 'DATA_REFUSED', message: expect.stringContaining('data.stage holds U+0000') }
    await expect(store.create({ data: { stage: 'a\0b' } })).rejects.toMatchObject(refused)
    await expect(store.update(token, (draft) => Object.assign(draft, { stage: '\0' }))).rejects.toMatchObject(
      refused,
    )
    await expect(
      store.update(token, (draft) => Object.assign(draft, { stage: '\ud800' })),
    ).rejects.toMatchObject({
      code: 'DATA_REFUSED',
    })
  })
})

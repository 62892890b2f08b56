import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { bucketOfId } from './bucket.ts'
import { createSessionStore } from './create-session-store.ts'
import { ENGINES } from './engines.test-support.ts'
import { Desk, everything, linksOf, sweepFor } from './foreign-world.test-support.ts'
import { spellingsOf } from './leaks.test-support.ts'
import { HOUR, MINUTE, World } from './world.test-support.ts'

const FOREIGN_ID = 'Zm9yZWlnbi1pZC1vZi1hLWZyYW1ld29yaw'
const bucketKey = randomBytes(32)

describe.each(ENGINES)('the link of a foreign id over $name', (engine) => {
  test.each([
    ['without a bucket key', {}],
    ['with a bucket key', { bucketKey }],
  ])('T152: leaves neither the id nor a token in what is stored, %s', async (_name, options) => {
    await using world = await World.open(engine, options)
    const desk = await Desk.open(world)
    await desk.write(FOREIGN_ID, { user: 'bob' })
    const { view } = await desk.read(FOREIGN_ID)
    await desk.write(FOREIGN_ID, { user: 'ada' }, view)
    const records = await everything(world)
    const dump = records
      .flatMap(({ id, data, previous }) => [id, Buffer.concat([data, previous?.sealed ?? Buffer.of()])])
      .map((piece) => piece.toString('latin1'))
      .join('\n')
    for (const spelling of spellingsOf(FOREIGN_ID)) expect(dump).not.toContain(spelling)
    // Nothing that is stored opens anything: not as a token, and not as a foreign id.
    const links = await linksOf(world)
    expect(links).toHaveLength(1)
    const pieces = dump.match(/[A-Za-z0-9_+/=-]{8,}/g) ?? []
    for (const piece of pieces) {
      expect(await desk.data(piece)).toBeNull()
      for (const { id } of records) expect(await desk.place.store.read(id + piece.slice(0, 32))).toBeNull()
    }
  })

  test('T152: shows no id and no token in what it hands out', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write(FOREIGN_ID, { user: 'ada' })
    const found = await desk.read(FOREIGN_ID)
    const [link] = await linksOf(world)
    const sealed = /"sealed":"([^"]+)"/.exec(Buffer.from(link?.data ?? []).toString())?.[1] ?? ''
    expect(sealed.length).toBeGreaterThan(40)
    for (const shown of [inspect(found, { depth: 9, showHidden: true }), JSON.stringify(found)]) {
      expect(shown).not.toContain(FOREIGN_ID)
      expect(shown).not.toContain(sealed)
      expect(shown).not.toContain('secret')
    }
  })

  test('lies in a bucket that says nothing of its user, and no user of the session is beside it', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    for (let n = 0; n < 40; n += 1) await desk.write(`id ${n}`, { user: 'ada' })
    const links = await linksOf(world)
    expect(new Set(links.map(({ id }) => bucketOfId(id))).size).toBeGreaterThan(30)
    expect(links.map(({ userId }) => userId).every((userId) => userId === null)).toBe(true)
  })

  test('another bucket key finds nothing under it', async () => {
    await using world = await World.open(engine, { bucketKey })
    const desk = await Desk.open(world)
    await desk.write(FOREIGN_ID, { x: 1 })
    const opening = createSessionStore({
      engine: world.raw,
      bucketKey: randomBytes(32),
      clock: world.clock,
      sweep: false,
    })
    await expect(opening).rejects.toMatchObject({ code: 'STORE_REFUSED' })
  })

  test('is not shown as a session, nor ended as one', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write(FOREIGN_ID, { user: 'ada' })
    const [link] = await linksOf(world)
    const { store } = desk.place
    expect(await store.revoke({ id: link?.id ?? '', operator: true })).toBe(false)
    expect(await store.list({ userId: 'ada' })).toHaveLength(1)
    expect((await store.exportUser('ada')).live).toHaveLength(1)
    expect(await desk.data(FOREIGN_ID)).toEqual({ user: 'ada' })
  })

  test('is kept as long as its session lives, and is gone some time after that', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    for (const id of ['used', 'left', 'ended', 'revoked']) await desk.write(id, { user: id })
    await desk.sessions.revoke('ended')
    await desk.place.store.revokeUser('revoked')
    for (let turn = 0; turn < 5; turn += 1) {
      await desk.touch('used')
      await sweepFor(world, desk.place, 25 * MINUTE, 5 * MINUTE)
    }
    expect(await desk.data('used')).toEqual({ user: 'used' })
    expect(await linksOf(world)).toHaveLength(1)
    await sweepFor(world, desk.place, 2 * HOUR, 15 * MINUTE)
    // The record about the store itself is all that stays.
    expect(await everything(world)).toHaveLength(1)
  })

  test('tells of an end for as long as a late write may come', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { x: 1 }, null, {
      seenAt: world.clock.now(),
      expiresAt: world.clock.now() + MINUTE,
    })
    await desk.sessions.revoke('one')
    await sweepFor(world, desk.place, 9 * MINUTE, 3 * MINUTE)
    expect(await desk.write('one', { x: 2 })).toBe(false)
    await sweepFor(world, desk.place, 5 * MINUTE)
    expect(await desk.write('one', { x: 3 })).toBe(true)
  })

  test('that is removed while an id is used again leads to the new session', async () => {
    await using world = await World.open(engine)
    const [sweeping, desk] = [await Desk.open(world), await Desk.open(world, { reusesIds: true })]
    for (const verb of ['end', 'settle'] as const) {
      await desk.write('key', { x: 1 })
      await desk.sessions.revoke('key')
      world.clock.advance(HOUR)
      // Settles the session's tombstone first.
      await sweeping.place.store.sweep()
      world.clock.advance(HOUR)
      const held = sweeping.place.line.hold(verb)
      const sweep = sweeping.place.store.sweep()
      await held.reached
      expect(await desk.write('key', { verb })).toBe(true)
      held.release()
      await sweep
      expect(await desk.data('key')).toEqual({ verb })
      await desk.sessions.revoke('key')
      await sweepFor(world, sweeping.place, 3 * HOUR, 30 * MINUTE)
    }
  })

  test('of a user who was erased leads nowhere, and holds nothing of the user', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { user: 'ada@example.org' })
    await desk.place.store.eraseUser('ada@example.org')
    expect(await desk.data('one')).toBeNull()
    for (const link of await linksOf(world)) expect(Buffer.from(link.data).toString()).not.toContain('ada')
  })
})

import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openClient } from '../engines/redis/clients.test-support.ts'
import { redis } from '../engines/redis/index.ts'
import { Keys } from '../engines/redis/keys.ts'
import { freshPrefix } from '../engines/redis/redis.test-support.ts'
import { Desk, everything, lasting, linksOf } from './foreign-world.test-support.ts'
import type { StoreOptions } from './options.ts'
import { CLOCK_SKEW_MS, type SessionId } from './port.ts'
import { STORE_ID } from './store-record.ts'
import { HOUR, MINUTE, type Visit, World } from './world.test-support.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

/** A world over Redis that lists nothing of what is due, so that all leaves by itself; and when a record does. */
async function worldWithoutDue(options: Partial<StoreOptions<Visit>> = {}) {
  const prefix = freshPrefix()
  const prepare = async () => ({
    open: async () => {
      const client = await openClient('ioredis', { kind: 'server', at: server })
      onTestFinished(() => client.close())
      return redis({ client: client.driver, prefix, due: false })
    },
    dispose: async () => undefined,
  })
  const world = await World.open({ name: 'redis without due', prepare }, options)
  onTestFinished(() => world[Symbol.asyncDispose]())
  const keyOf = (id: SessionId): string => new Keys(prefix).record(id)
  return {
    world,
    leavesAt: async (id: SessionId) => Number(await server.cli('PEXPIRETIME', keyOf(id))),
    leaves: (id: SessionId) => server.cli('DEL', keyOf(id)),
  }
}

describe('links over Redis that lists nothing of what is due', () => {
  test('lead any process to its session, and leave later than that, also one that is used again and again', async () => {
    const { world, leavesAt } = await worldWithoutDue()
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'ada' })
    for (let turn = 0; turn < 20; turn += 1) {
      const either = turn % 2 === 0 ? other : desk
      const { view, expiresAt } = await either.read('one')
      const [link] = await linksOf(world)
      expect(await leavesAt(link?.id ?? '')).toBeGreaterThanOrEqual(expiresAt + CLOCK_SKEW_MS)
      world.clock.advance(20 * MINUTE)
      await either.touch('one', null, view)
    }
    expect(await other.data('one')).toEqual({ user: 'ada' })
  })

  test('tell of an end until the session’s tombstone has left, and longer', async () => {
    const { world, leaves } = await worldWithoutDue()
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'ada' })
    const [session = ''] = await world.liveIds('ada')
    const { view } = await other.read('one')
    await desk.sessions.revoke('one')
    for (const isForgotten of [false, true]) {
      if (isForgotten) await leaves(session)
      expect([await other.write('one', { x: 1 }), await other.write('one', { x: 2 }, view)]).toEqual([
        false,
        false,
      ])
      for (const either of [desk, other]) expect(await either.data('one')).toBeNull()
      world.clock.advance(9 * MINUTE)
    }
    const [link] = await linksOf(world)
    await leaves(link?.id ?? '')
    expect([await other.write('one', { x: 3 }), await desk.data('one')]).toEqual([true, { x: 3 }])
  })

  test('lead on when the user of a session changes, and when an id is used again', async () => {
    const { world } = await worldWithoutDue()
    const options = { reusesIds: true }
    const [desk, other] = [await Desk.open(world, options), await Desk.open(world, options)]
    await desk.write('one', { x: 1 })
    await other.write('one', { x: 1, user: 'ada' }, (await other.read('one')).view)
    expect([await desk.data('one'), await world.liveIds('ada')]).toEqual([
      { x: 1, user: 'ada' },
      [expect.any(String)],
    ])
    await desk.sessions.revoke('one')
    await other.write('one', { x: 2 })
    expect([await desk.data('one'), await desk.sessions.count()]).toEqual([{ x: 2 }, 1])
  })

  test('are free again when their first write was refused for good', async () => {
    const { world } = await worldWithoutDue({ perUser: { max: 1, whenFull: 'refuse' } })
    const desk = await Desk.open(world)
    await desk.write('first', { user: 'ada' })
    await expect(desk.write('one', { user: 'ada' })).rejects.toMatchObject({ code: 'USER_LIMIT_REACHED' })
    await desk.sessions.revoke('first')
    world.clock.advance(5 * MINUTE)
    expect(await desk.write('one', { user: 'ada' })).toBe(true)
  })

  test('and sessions and values all leave by themselves', async () => {
    const { world, leavesAt } = await worldWithoutDue()
    const desk = await Desk.open(world)
    await desk.write('one', { user: 'ada' }, null, lasting(world, MINUTE))
    await desk.write('two', { user: 'ada' })
    await desk.sessions.revoke('two')
    const { values } = desk.sessions
    await values.change('a', () => ({ text: 'one', expiresAt: world.clock.now() + MINUTE }))
    await values.change('b', () => ({ text: 'two', expiresAt: world.clock.now() + MINUTE }))
    await values.change('b', () => null)
    const ids = (await everything(world)).map(({ id }) => id).filter((id) => id !== STORE_ID)
    expect(ids).toHaveLength(6)
    for (const at of await Promise.all(ids.map(leavesAt))) {
      expect([at > 0, at < world.clock.now() + 9 * HOUR]).toEqual([true, true])
    }
  })
})

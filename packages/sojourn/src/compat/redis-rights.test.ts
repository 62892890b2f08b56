import type { RedisServer } from 'sojourn-servers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore } from '../core/create-session-store.ts'
import type { SessionStore } from '../core/session-store.ts'
import { grant, ioredisAs, nodeRedisAs, serverWithUsers } from '../engines/redis/acl.test-support.ts'
import { aclRule } from '../engines/redis/acl.ts'
import { redis } from '../engines/redis/index.ts'
import { session } from './express-module.test-support.ts'
import { expressSessionStore } from './express-session.ts'
import { called } from './express-site.test-support.ts'
import { sessionFor } from './express-world.test-support.ts'
import { keyvAdapter } from './keyv.ts'
import { unstorageDriver, unstorageSessionDriver } from './unstorage.ts'

type Data = Record<string, unknown>

/** A store whose user has the rights of an application, and none to walk over what is stored. */
async function narrowStore(connect: typeof ioredisAs) {
  const server: RedisServer = await serverWithUsers()
  onTestFinished(() => server.stop())
  const { driver, close } = await connect(server, 'sojourn')
  onTestFinished(close)
  const sessions = await createSessionStore<Data>({ engine: redis({ client: driver }), sweep: false })
  onTestFinished(() => sessions.close())
  return { server, sessions }
}

/** What one can do with drop-in stores that goes through the whole store. */
function walksOf(sessions: SessionStore<Data>): readonly (() => Promise<unknown>)[] {
  const express = expressSessionStore(session.Store, sessions)
  const keyv = keyvAdapter(sessions)
  const [values, kept] = [unstorageDriver(sessions), unstorageSessionDriver(sessions)]
  return [
    () => called((done) => express.all(done)),
    () => called((done) => express.length(done)),
    () => called((done) => express.clear(done)),
    () => keyv.iterator().next(),
    () => keyv.clear(),
    () => values.getKeys(),
    () => values.clear('base'),
    () => kept.getKeys(),
    () => kept.clear(),
  ]
}

describe.each([
  ['ioredis', ioredisAs],
  ['node-redis', nodeRedisAs],
] as const)('a user of Redis without the right to scan, with %s', (_name, connect) => {
  test('T89: can do all but walk, and a walk says what is missing', async () => {
    const { sessions } = await narrowStore(connect)
    for (const walk of walksOf(sessions)) {
      await expect(walk()).rejects.toMatchObject({
        code: 'ENGINE_REFUSED',
        message: expect.stringMatching(/lacks a right \(NOPERM\).* rule that doctor prints/),
      })
    }
    const store = expressSessionStore(session.Store, sessions)
    await called((done) => store.set('a', sessionFor(60_000), done))
    await called((done) => store.touch('a', sessionFor(60_000), done))
    expect(await called((done) => store.get('a', done))).toMatchObject({ x: 1 })
    await called((done) => store.destroy('a', done))
    expect(await called((done) => store.get('a', done))).toBeNull()
    const { set, get, delete: remove } = keyvAdapter(sessions)
    await set('key', 1, 60_000)
    expect([await get('key'), await remove('key'), await get('key')]).toEqual([1, true, undefined])
  })

  test('T89: who is given the right needs no restart', async () => {
    const { server, sessions } = await narrowStore(connect)
    await unstorageDriver(sessions).setItem('key', 'a')
    await grant(server, aclRule({ scan: true }))
    for (const walk of walksOf(sessions)) await walk()
    expect(await unstorageDriver(sessions).getKeys()).toHaveLength(1)
  })
})

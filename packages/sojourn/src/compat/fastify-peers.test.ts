import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { PEERS } from './express-peers.test-support.ts'
import { Processes, userIn } from './express-world.test-support.ts'
import { fastifySessionStore } from './fastify-session.ts'
import { fastifySite, MemoryStore } from './fastify-site.test-support.ts'
import { SCENARIOS } from './scenarios.test-support.ts'

describe.each(SCENARIOS)('with @fastify/session, $name', ({ wrongWith }) => {
  test('goes wrong with its own memory store', async () => {
    expect(await wrongWith(await fastifySite(new MemoryStore()))).not.toEqual([])
  })

  test('goes wrong with connect-redis', async () => {
    const [connectRedis] = PEERS
    expect(await wrongWith(await fastifySite(await connectRedis.open()))).not.toEqual([])
  })

  test.each(ENGINES)('goes well over $name', async (engine) => {
    const { sessions } = await (await Processes.over(engine)).start()
    expect(await wrongWith(await fastifySite(fastifySessionStore(sessions, { userId: userIn })))).toEqual([])
  })

  test('goes well without rolling', async () => {
    const { sessions } = await (await Processes.over(ENGINES[0])).start()
    const store = fastifySessionStore(sessions, { userId: userIn })
    expect(await wrongWith(await fastifySite(store, { rolling: false }))).toEqual([])
  })
})

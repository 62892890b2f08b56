import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { Processes, userIn } from './express-world.test-support.ts'
import { koaContextStore, koaSessionStore } from './koa-session.ts'
import { koaSite } from './koa-site.test-support.ts'
import { SCENARIOS } from './scenarios.test-support.ts'

/** As the manual of koa-session describes an external store: three functions. */
function mapStore() {
  const sessions = new Map<string, string>()
  return {
    get: async (key: string): Promise<unknown> => JSON.parse(sessions.get(key) ?? 'null'),
    set: async (key: string, session: object) => void sessions.set(key, JSON.stringify(session)),
    destroy: async (key: string) => void sessions.delete(key),
  }
}

const PEERS = [
  { name: 'the cookie of koa-session itself', options: () => ({}) },
  { name: 'an external store that keeps what it is told', options: () => ({ store: mapStore() }) },
]

describe.each(SCENARIOS)('with koa-session, $name', ({ wrongWith }) => {
  test.each(PEERS)('goes wrong with $name', async ({ options }) => {
    expect(await wrongWith(await koaSite(options()))).not.toEqual([])
  })

  test.each(ENGINES)('goes well over $name', async (engine) => {
    const { sessions } = await (await Processes.over(engine)).start()
    expect(await wrongWith(await koaSite({ store: koaSessionStore(sessions, { userId: userIn }) }))).toEqual(
      [],
    )
  })

  test.each([{ rolling: true }, { renew: true }])('goes well with %j and a ContextStore', async (options) => {
    const { sessions } = await (await Processes.over(ENGINES[0])).start()
    const ContextStore = koaContextStore(sessions, { userId: userIn })
    expect(await wrongWith(await koaSite({ ...options, ContextStore }))).toEqual([])
  })
})

import { Agent } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SessionData } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import type { RequestSession } from '../http/index.ts'
import { ADAPTERS, type Adapter, type Routes, start } from './servers.test-support.ts'

const REQUESTS = 10_000
const USERS = 50

/** Runs interleaved requests of many users; how many saw the session of somebody else. */
async function mixedUp(adapter: Adapter, routes: Routes, requests: number): Promise<number> {
  const engine = new FaultyEngine(memory())
  const { port, store } = await start(adapter, routes, {
    engine,
    // It is asked who gets whose session, and not how soon.
    store: { timeout: '1m' },
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 100 })
  onTestFinished(() => agent.destroy())
  const users = await Promise.all(
    Array.from({ length: USERS }, async (_, index) => {
      const userId = `u_${index}`
      const { token } = await store.create({ userId, data: { name: userId } })
      return { userId, headers: { Cookie: `__Host-id=${token}`, 'Sec-Fetch-Site': 'same-origin' } }
    }),
  )
  let turn = 0
  // Answers come back in another order than they were asked for.
  engine.before(async (verb) => {
    if (verb !== 'read') return
    turn += 1
    for (let wait = turn % 7; wait > 0; wait -= 1) await new Promise((resolve) => setImmediate(resolve))
  })
  const answers = await Promise.all(
    Array.from({ length: requests }, async (_, index) => {
      const user = users[(index * 7) % USERS]
      const { body } = await send(port, 'POST', '/mine', { headers: user?.headers ?? {}, agent })
      return (
        body ===
        JSON.stringify(JSON.stringify([user?.userId, user?.userId, { cart: [], name: user?.userId }]))
      )
    }),
  )
  return answers.filter((mine) => !mine).length
}

const pause = () => new Promise((resolve) => setImmediate(resolve))
const show = (before: string | null, session: RequestSession<SessionData>) => {
  const data: unknown = session.data
  return JSON.stringify([before, session.userId, data])
}

describe.each(ADAPTERS)('over $name', (adapter) => {
  test(`T30: of ${REQUESTS} interleaved requests none sees the session of another`, async () => {
    const mine: Routes = {
      'POST /mine': async ({ session }): Promise<unknown> => {
        const before = session.userId
        await pause()
        return show(before, session)
      },
    }
    expect(await mixedUp(adapter, mine, REQUESTS)).toBe(0)
  }, 180_000)

  test('the check of T30 catches a handle that requests share', async () => {
    let latest: RequestSession<SessionData> | null = null
    const shared: Routes = {
      'POST /mine': async ({ session }): Promise<unknown> => {
        latest = session
        await pause()
        return latest === null ? null : show(session.userId, latest)
      },
    }
    expect(await mixedUp(adapter, shared, 500)).toBeGreaterThan(0)
  })
})

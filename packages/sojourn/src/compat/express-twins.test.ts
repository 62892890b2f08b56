import { afterEach, describe, expect, test, vi } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { ForeignSessions } from '../core/foreign-sessions.ts'
import { type Callback, callBack } from './callback.ts'
import { ExpressDesk } from './express-desk.ts'
import { called, expressSite } from './express-site.test-support.ts'
import { type Process, Processes } from './express-world.test-support.ts'
import { SCENARIOS } from './scenarios.test-support.ts'
import { dataOf } from './site.test-support.ts'

const [MEMORY] = ENGINES
afterEach(() => void vi.restoreAllMocks())

interface Promised {
  readonly promise: string
  readonly wrongWith: (process: Process) => Promise<string[]>
  /** Makes a part wrong, so that the promise is broken. */
  readonly break: () => void
}

const [LOST_UPDATE] = SCENARIOS

const PROMISES: readonly Promised[] = [
  {
    promise: 'EX8: a session that could not be read is not destroyed for that',
    async wrongWith({ store, line }) {
      const browser = (await expressSite(store, { unset: 'destroy' })).browser()
      await browser.post('/data?set=user:ada')
      const { cookie } = browser
      line.fail('read')
      await browser.get('/data')
      const { user } = dataOf((await browser.get('/data', { Cookie: cookie })).body)
      return user === 'ada' ? [] : ['ada is logged out']
    },
    break: () =>
      vi.spyOn(ExpressDesk.prototype, 'afterFailure').mockImplementation((_id, follow) => follow()),
  },
  {
    promise: 'EX5: a save is a change to what its request has read',
    async wrongWith({ store }) {
      return (await LOST_UPDATE?.wrongWith(await expressSite(store))) ?? []
    },
    break: () => vi.spyOn(ExpressDesk.prototype, 'adopt').mockReturnValue(undefined),
  },
  {
    promise: 'T152: who knows the public id of a session cannot end it',
    async wrongWith({ store, sessions }) {
      await called((done) => store.set('a', { user: 'ada', cookie: {} }, done))
      const [session] = await sessions.list({ userId: 'ada' })
      await called((done) => store.destroy(session?.id ?? '', done))
      return (await called((done) => store.get('a', done))) === null ? ['ada is logged out'] : []
    },
    break: () => {
      const { revokeHandle } = ForeignSessions.prototype
      vi.spyOn(ForeignSessions.prototype, 'revokeHandle').mockImplementation(async function (
        this: ForeignSessions<unknown>,
        handle,
      ) {
        for await (const page of this.all()) {
          for (const entry of page) if (entry.id === handle) return revokeHandle.call(this, entry.handle)
        }
        return revokeHandle.call(this, handle)
      })
    },
  },
  {
    promise: 'EX3: a touch looks at no data',
    async wrongWith({ store }) {
      await called((done) => store.set('a', { x: 1, cookie: {} }, done))
      await called((done) => store.touch('a', { x: 0, cookie: {} }, done))
      await called((done) => store.touch('b', { x: 0, cookie: {} }, done))
      const left = [
        await called((done) => store.get('a', done)),
        await called((done) => store.get('b', done)),
      ]
      return JSON.stringify(left) === '[{"x":1,"cookie":{"expires":null,"originalMaxAge":null}},null]'
        ? []
        : [JSON.stringify(left)]
    },
    break: () => {
      vi.spyOn(ExpressDesk.prototype, 'touch').mockImplementation(function (
        this: ExpressDesk<unknown>,
        id,
        session,
      ) {
        return this.set(id, session)
      })
    },
  },
]

describe.each(PROMISES)('$promise', ({ wrongWith, break: breakIt }) => {
  test('is kept', async () => {
    expect(await wrongWith(await (await Processes.over(MEMORY)).start())).toEqual([])
  })

  test('is seen to be broken by a broken twin', async () => {
    breakIt()
    expect(await wrongWith(await (await Processes.over(MEMORY)).start())).not.toEqual([])
  })
})

type CallBack = (work: Promise<string>, callback: Callback<string>) => void

/** As connect-redis 9.0.0 does it. */
const twice: CallBack = async (work, callback) => {
  try {
    callback(null, await work)
  } catch (error) {
    callback(error)
  }
}

async function callsOf(call: CallBack): Promise<number> {
  let calls = 0
  const thrower = vi.fn(() => {
    calls += 1
    if (calls === 1) throw new Error('of the callback')
  })
  const uncaught = new Promise<void>((resolve) => process.once('uncaughtException', () => resolve()))
  call(Promise.resolve('answer'), thrower)
  await Promise.race([uncaught, new Promise((resolve) => setImmediate(resolve))])
  return calls
}

describe('L7: a callback that throws', () => {
  test('is called once', async () => {
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const [ours, theirs] = [await callsOf(callBack), await callsOf(twice)]
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect([ours, theirs]).toEqual([1, 2])
  })
})

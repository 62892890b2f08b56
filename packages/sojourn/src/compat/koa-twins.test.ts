import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { standStill } from './express-world.test-support.ts'
import type { KoaCall, KoaSessionStore } from './koa-session.ts'
import { koaSite } from './koa-site.test-support.ts'
import { koaProcesses } from './koa-world.test-support.ts'
import { SCENARIOS } from './scenarios.test-support.ts'
import { dataOf } from './site.test-support.ts'

const [MEMORY] = ENGINES
const [LOST_UPDATE] = SCENARIOS

interface Promised {
  readonly promise: string
  readonly wrongWith: (store: KoaSessionStore) => Promise<string[]>
  /** The store with a part that is wrong. */
  readonly twin: (store: KoaSessionStore) => KoaSessionStore
}

function saysUnchanged(call: KoaCall | undefined): boolean {
  return call !== undefined && 'changed' in call && call.changed === false
}

const PROMISES: readonly Promised[] = [
  {
    promise: 'KO1: a save in the middle of a request stores what changed',
    async wrongWith(store) {
      const save = async (_ctx: object, live: { save(): Promise<void> }) => {
        Reflect.set(live, 'x', 2)
        await live.save()
      }
      const browser = (await koaSite({ store, autoCommit: false }, { '/save': save })).browser()
      await browser.post('/save')
      const { x } = dataOf((await browser.get('/data')).body)
      return x === 2 ? [] : ['it is not stored']
    },
    // It believes koa-session that nothing has changed.
    twin: (store) => ({
      ...store,
      set: async (key, session, maxAge, call) =>
        saysUnchanged(call) ? undefined : store.set(key, session, maxAge, call),
    }),
  },
  {
    promise: 'EX5: a save is a change to what its request has read',
    wrongWith: async (store) => (await LOST_UPDATE?.wrongWith(await koaSite({ store }))) ?? [],
    // It forgets the request.
    twin: (store) => ({ ...store, set: (key, session, maxAge) => store.set(key, session, maxAge) }),
  },
  {
    promise: 'KO4: the date that is given back is the one that the record has',
    async wrongWith(store) {
      const move = standStill()
      const site = await koaSite({ store, maxAge: 60_000, rolling: true })
      const browser = site.browser()
      await browser.post('/data?set=x:1')
      for (let turn = 0; turn < 3; turn += 1) {
        move(40_000)
        await browser.get('/data')
      }
      return site.dropped
    },
    // It gives back what was stored first.
    twin: (store) => {
      const first = new Map<string, unknown>()
      return {
        ...store,
        get: async (key, maxAge, call) => {
          const found = await store.get(key, maxAge, call)
          if (found === null) return null
          const { _expire = null } = found
          first.set(key, first.get(key) ?? _expire)
          return { ...found, _expire: first.get(key) }
        },
      }
    },
  },
]

describe.each(PROMISES)('koa-session, $promise', ({ wrongWith, twin }) => {
  test('is kept', async () => {
    const { store } = await (await koaProcesses(MEMORY))()
    expect(await wrongWith(store)).toEqual([])
  })

  test('is seen to be broken by a broken twin', async () => {
    const { store } = await (await koaProcesses(MEMORY))()
    expect(await wrongWith(twin(store))).not.toEqual([])
  })
})

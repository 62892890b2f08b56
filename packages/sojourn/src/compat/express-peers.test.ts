import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { PEERS } from './express-peers.test-support.ts'
import { expressSite } from './express-site.test-support.ts'
import { Processes } from './express-world.test-support.ts'
import { SCENARIOS } from './scenarios.test-support.ts'

describe.each(SCENARIOS)('$name', ({ wrongWith }) => {
  test.each(PEERS)('goes wrong with $name', async ({ open }) => {
    const wrong = await wrongWith(await expressSite(await open()))
    expect(wrong).not.toEqual([])
  })

  test.each(ENGINES)('goes well over $name', async (engine) => {
    const { store } = await (await Processes.over(engine)).start()
    expect(await wrongWith(await expressSite(store))).toEqual([])
  })

  test.each(ENGINES)('goes well over $name with resave', async (engine) => {
    const { store } = await (await Processes.over(engine)).start()
    expect(await wrongWith(await expressSite(store, { resave: true, rolling: true }))).toEqual([])
  })
})

import { describe, expect, test } from 'vitest'
import type { DueRecord } from '../core/port.ts'
import { brokenEngines } from './broken-engines.test-support.ts'
import { runModel } from './model.ts'
import { lateStore, shareableStore, turn } from './shareable-store.test-support.ts'

/** What a run of the model finds wrong; null when nothing. */
async function faultOf(name: string, shrink: boolean): Promise<Error | null> {
  const broken = brokenEngines.find((each) => each.name === name)
  if (broken === undefined) throw new Error(`There is no broken engine of the name ${name}.`)
  const engines = [await (await broken.store()).open()]
  return runModel({ engines, interleavings: 8_000, seed: 7, shrink }).then(
    () => null,
    (error) => error,
  )
}

test('an engine that keeps the port agrees with the model, through two handles too', async () => {
  const store = await shareableStore()
  const engines = [await store.open(), await store.open()]
  const report = await runModel({ engines, interleavings: 2_000, seed: 7 })
  expect(report).toEqual({ interleavings: 2_000, seed: 7 })
})

test('an engine whose dead records leave by themselves agrees with the model, and nothing is due', async () => {
  const store = await lateStore(() => ({ due: () => Promise.reject(new Error('asked for what is due')) }))
  const engines = [await store.open(), await store.open()]
  await runModel({ engines, interleavings: 2_000, seed: 7 })
})

test('an engine in which concurrent calls of due share what is due between them agrees with the model', async () => {
  const store = await shareableStore((engine) => ({
    due: async (now, limit) => {
      const found: DueRecord[] = []
      while (found.length < limit) {
        const [record] = await engine.due(now, 1)
        if (record === undefined) break
        found.push(record)
        await turn()
      }
      return found
    },
  }))
  await runModel({ engines: [await store.open()], interleavings: 1_000, seed: 7 })
})

describe('the model catches an engine in which', () => {
  for (const { name } of brokenEngines.filter(({ inModel }) => inModel)) {
    test(name, async () => {
      expect((await faultOf(name, false))?.message).toMatch(
        /^The engine and the model disagree\. Drawn with {"seed":7,"lanes":16}\.\n/,
      )
    })
  }
})

test('a failure is shrunk to one call where one call shows it', async () => {
  const message = (await faultOf('touch moves nothing', true))?.message ?? ''
  const calls = message.split('Calls:\n')[1]?.split(/^\S/m)[0]?.trim().split('\n') ?? []
  expect(calls).toHaveLength(1)
  expect(calls[0]).toMatch(/^touch\(.* answered true$/)
  expect(message).toContain('DIFFERS: read(')
})

test('the same seed draws the same interleavings', async () => {
  const [one, two] = [await faultOf('end drops the data', false), await faultOf('end drops the data', false)]
  expect(one?.message).toBe(two?.message)
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Children, compileChildren } from '../engines/lmdb/children.test-support.ts'
import type { Outcome } from './dying-engine-child.test-support.ts'
import { ERRORS } from './errors.ts'

let children: Children
beforeAll(async () => {
  children = await compileChildren()
})
afterAll(async () => children[Symbol.asyncDispose]())

/** What a process tells whose engine dies in this way. */
async function deathOf(way: string): Promise<Outcome> {
  const child = children.start('../../core/dying-engine-child', way)
  const outcome = await child.says('outcome')
  await child.gone
  return Object.assign({ unhandled: [], codes: [], isAlive: false }, outcome)
}

describe('a process whose engine dies under load', () => {
  test.concurrent.each(['rejects', 'throws', 'hangs', 'rejects late', 'says it is closed'])(
    'T83, T75: lives on and leaves nothing unhandled when it %s',
    async (way) => {
      const { unhandled, codes, isAlive } = await deathOf(way)
      expect(unhandled).toEqual([])
      expect(codes.length).toBeGreaterThan(0)
      expect(codes.filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([])
      expect(isAlive).toBe(true)
    },
  )

  test.concurrent.each(['answers nonsense', 'answers nothing'])('T83: lives on when it %s', async (way) => {
    expect(await deathOf(way)).toMatchObject({ unhandled: [], isAlive: true })
  })

  test('T83: a promise that nobody waits for is seen', async () => {
    expect((await deathOf('floats')).unhandled).not.toEqual([])
  })
})

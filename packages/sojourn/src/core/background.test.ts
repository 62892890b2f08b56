import { describe, expect, test } from 'vitest'
import { Background } from './background.ts'
import { Counters } from './counters.ts'

/** A promise that a test settles. */
function pending() {
  let settle: { resolve: () => void; reject: (error: Error) => void } | null = null
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, resolve: () => settle?.resolve(), reject: () => settle?.reject(new Error('late')) }
}

describe('work off the caller’s path', () => {
  test('runs once at a time for a key, and again when it is done', async () => {
    const background = new Background(new Counters())
    const work = pending()
    let runs = 0
    const task = () => {
      runs += 1
      return work.promise
    }
    background.once('use A', task)
    background.once('use A', task)
    background.once('use B', task)
    expect(runs).toBe(2)
    work.resolve()
    await background.drain()
    background.once('use A', task)
    expect(runs).toBe(3)
  })

  test('T48, T83: fails nobody, whether it rejects or throws, and frees its key', async () => {
    const counters = new Counters()
    const background = new Background(counters)
    background.once('key', () => Promise.reject(new Error('rejected')))
    await background.drain()
    background.once('key', () => {
      throw new Error('thrown')
    })
    await background.drain()
    background.track(Promise.reject(new Error('tracked')))
    await background.drain()
    expect(counters.snapshot().backgroundFailures).toBe(3)
    let ran = false
    background.once('key', async () => {
      ran = true
    })
    expect(ran).toBe(true)
  })

  test('is waited for, with what it begins itself', async () => {
    const background = new Background(new Counters())
    const [first, second] = [pending(), pending()]
    const ended: string[] = []
    background.once('first', async () => {
      await first.promise
      background.once('second', async () => {
        await second.promise
        ended.push('second')
      })
      ended.push('first')
    })
    const drained = background.drain().then(() => ended.push('drained'))
    first.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    second.reject()
    await drained
    expect(ended).toEqual(['first', 'drained'])
  })
})

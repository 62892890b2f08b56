import { describe, expect, test } from 'vitest'
import { Counters } from './counters.ts'
import { ENGINES } from './engines.test-support.ts'
import { EventQueue, QUEUE_LIMIT } from './event-queue.ts'
import { Events, type StoreEvent } from './events.ts'
import { START, World } from './world.test-support.ts'

const EVENT = { at: START, id: 'AbCdEfGhIjKlMnOp', userId: 'u_1' }

type Item = number | { readonly missed: number }

function queueOf(Queue: typeof EventQueue = EventQueue): EventQueue<Item> {
  return new Queue<Item>({ gap: (missed) => ({ missed }), left: () => undefined })
}

/** Everything that waits, in order. */
async function takeAll(queue: EventQueue<Item>): Promise<Item[]> {
  queue.end()
  const items: Item[] = []
  for (let result = await queue.next(); result.done !== true; result = await queue.next()) {
    items.push(result.value)
  }
  return items
}

/** Pushes far more than fit, without anybody taking; what is left of it. */
function flood(queue: EventQueue<Item>): Promise<Item[]> {
  for (let number = 0; number < 5_000; number += 1) queue.push(number)
  return takeAll(queue)
}

describe('the queue of a consumer', () => {
  test('keeps the first 1,000, says whether it dropped, and tells where how many are missing', async () => {
    const queue = queueOf()
    const kept = Array.from({ length: 1_001 }, (_, number) => queue.push(number))
    expect(kept.filter((isKept) => !isKept)).toHaveLength(1)
    const [first, second] = [await queue.next(), await queue.next()]
    expect([first.value, second.value]).toEqual([0, 1])
    expect(queue.push(2_000)).toBe(true)
    const rest = await takeAll(queue)
    expect(rest.slice(-3)).toEqual([999, { missed: 1 }, 2_000])
  })

  test('never holds more than its limit and the word about the gap', async () => {
    const left = await flood(queueOf())
    expect(left).toHaveLength(QUEUE_LIMIT + 1)
    expect(left.at(-1)).toEqual({ missed: 4_000 })
  })

  test('without its limit would be noticed', async () => {
    class Endless<Event> extends EventQueue<Event> {
      readonly #all: Event[] = []
      override push(event: Event): boolean {
        this.#all.push(event)
        return true
      }
      override async next(): Promise<IteratorResult<Event, undefined>> {
        const value = this.#all.shift()
        return value === undefined ? { done: true, value: undefined } : { done: false, value }
      }
    }
    expect(await flood(queueOf(Endless))).toHaveLength(5_000)
  })

  test('serves whoever waits first, and several who wait in order', async () => {
    const queue = queueOf()
    const waiting = [queue.next(), queue.next()]
    queue.push(1)
    queue.push(2)
    expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual([1, 2])
  })
})

describe('an iteration over events', () => {
  test('gives each event with its name, in order, from when it began', async () => {
    await using world = await World.open(ENGINES[0], { perUser: { max: 1, whenFull: 'refuse' } })
    const { store } = await world.place()
    await store.create()
    const events = store.events[Symbol.asyncIterator]()
    const { session, token } = await store.create({ userId: 'u_1' })
    await store.create({ userId: 'u_1' }).catch(() => null)
    await store.rotate(token)
    await store.revoke(session)
    await store.close()
    const told: StoreEvent[] = []
    for await (const event of { [Symbol.asyncIterator]: () => events }) told.push(event)
    const about = { at: START, id: session.id, userId: 'u_1' }
    expect(told).toEqual([
      { name: 'created', ...about },
      { name: 'limitReached', at: START, userId: 'u_1' },
      { name: 'rotated', ...about },
      { name: 'ended', ...about, reason: 'revoked' },
    ])
    expect(told.every(Object.isFrozen)).toBe(true)
  })

  test('knows the fields of an event by its name', async () => {
    await using world = await World.open(ENGINES[0])
    const { store } = await world.place()
    const iteration = store.events[Symbol.asyncIterator]()
    await store.revoke((await store.create()).token)
    const reasons: string[] = []
    for await (const event of { [Symbol.asyncIterator]: () => iteration }) {
      if (event.name === 'ended') reasons.push(event.reason)
      if (event.name !== 'created') break
    }
    expect(reasons).toEqual(['logout'])
  })

  test('is slowed by nobody, and slows nobody: each has its own queue', async () => {
    const counters = new Counters()
    const events = new Events(counters)
    const [slow, quick] = [events.iterate(), events.iterate()]
    for (let number = 0; number < 1_500; number += 1) {
      events.emit('created', { ...EVENT, at: number })
      expect((await quick.next()).value).toMatchObject({ at: number })
    }
    expect(counters.snapshot().eventsDropped).toBe(500)
    for (let number = 0; number < QUEUE_LIMIT; number += 1) await slow.next()
    expect((await slow.next()).value).toEqual({ name: 'dropped', count: 500 })
  })

  test('that waits ends when the store closes, and one that begins later is over at once', async () => {
    await using world = await World.open(ENGINES[0])
    const { store } = await world.place()
    const waiting = store.events[Symbol.asyncIterator]().next()
    await store.close()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await store.events[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })

  /** One more than may be open at once, and again: what is left behind would refuse the last. */
  const CYCLES = 20_001

  async function openAndLeave(events: Events): Promise<void> {
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      const iteration = events.iterate()
      events.emit('created', EVENT)
      for await (const { name } of { [Symbol.asyncIterator]: () => iteration }) {
        if (name !== 'created') throw new Error(name)
        break
      }
    }
  }

  test('leaves nothing behind after 20,001 times of break', async () => {
    await openAndLeave(new Events(new Counters()))
  })

  test('that left its queue behind would be noticed', async () => {
    class Clinging extends Events {
      override iterate() {
        const iteration = super.iterate()
        return { next: () => iteration.next() }
      }
    }
    await expect(openAndLeave(new Clinging(new Counters()))).rejects.toThrow(
      'iterations over events are open',
    )
  })
})

import { describe, expect, test } from 'vitest'
import { Counters } from './counters.ts'
import { ENGINES } from './engines.test-support.ts'
import { Events } from './events.ts'
import { misuse } from './misuse.test-support.ts'
import { START, World } from './world.test-support.ts'

const EVENT = { at: START, id: 'AbCdEfGhIjKlMnOp', userId: 'u_1' }

/** Ways of a listener to go wrong, and whether it shows. */
const BAD_LISTENERS: readonly (readonly [name: string, listener: () => unknown, isSeen: boolean])[] = [
  ['throws', () => raise(new Error('mine')), true],
  ['throws nothing', () => raise(undefined), true],
  ['rejects', () => Promise.reject(new Error('mine')), true],
  ['rejects later', async () => raise(new Error('mine')), true],
  ['hangs', () => new Promise(() => undefined), false],
  ['returns something else', () => () => undefined, false],
]

function raise(error: unknown): never {
  throw error
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

describe('a listener', () => {
  test.each(BAD_LISTENERS)('T82: that %s keeps nobody from hearing', async (_name, listener, isSeen) => {
    const counters = new Counters()
    const events = new Events(counters)
    const heard: unknown[] = []
    events.on('created', (event) => heard.push(event))
    events.on('created', listener)
    events.on('created', (event) => heard.push(event))
    events.emit('created', EVENT)
    await turns()
    expect(heard).toEqual([EVENT, EVENT])
    expect(counters.snapshot().listenerFailures).toBe(isSeen ? 1 : 0)
  })

  test('hears what was asked for, until it is removed', () => {
    const events = new Events(new Counters())
    const heard: string[] = []
    const stop = events.on('created', () => heard.push('created'))
    events.on('ended', ({ reason }) => heard.push(reason))
    events.emit('created', EVENT)
    events.emit('ended', { ...EVENT, reason: 'logout' })
    events.emit('rotated', EVENT)
    stop()
    stop()
    events.emit('created', EVENT)
    expect(heard).toEqual(['created', 'logout'])
  })

  test('that removes itself or adds another while it hears is no trouble', () => {
    const events = new Events(new Counters())
    const heard: string[] = []
    const stop = events.on('created', () => {
      heard.push('once')
      stop()
    })
    events.on('created', () => heard.push('always'))
    events.emit('created', EVENT)
    events.emit('created', EVENT)
    expect(heard).toEqual(['once', 'always', 'always'])
  })

  test('cannot change what the next one hears', () => {
    const counters = new Counters()
    const events = new Events(counters)
    const heard: string[] = []
    events.on('created', (event) => Object.assign(event, { id: 'forged' }))
    events.on('created', ({ id }) => heard.push(id))
    events.emit('created', { ...EVENT })
    expect(heard).toEqual([EVENT.id])
    expect(counters.snapshot().listenerFailures).toBe(1)
  })

  test.each(['error', 'Created', '', 'toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'for %j, which never happens, is refused',
    (name) => {
      const events = new Events(new Counters())
      expect(() => misuse(events, 'on', name, () => undefined)).toThrowError(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('created, rotated'),
        }),
      )
    },
  )

  test.each([undefined, null, 'log', { handleEvent: () => undefined }])(
    'that is %j is refused',
    (listener) => {
      const events = new Events(new Counters())
      expect(() => misuse(events, 'on', 'created', listener)).toThrowError(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    },
  )
})

describe.each(ENGINES)('the verbs of a store over $name', (engine) => {
  test.each(BAD_LISTENERS)('T82: succeed with a listener that %s', async (_name, listener) => {
    await using world = await World.open(engine, { perUser: { max: 1 } })
    const { store } = await world.place()
    const names = ['created', 'rotated', 'reauthenticated', 'ended', 'reuseDetected', 'limitReached'] as const
    for (const name of names) store.on(name, listener)
    const visitor = await store.create({ data: { cart: ['book'] } })
    const first = await store.create({ userId: 'u_1', replaces: visitor.token, carry: ['cart'] })
    const second = await store.create({ userId: 'u_1' })
    expect(await store.read(first.token)).toBeNull()
    const rotated = await store.rotate(second.token)
    const proved = await store.reauthenticate(rotated?.token ?? '', { userId: 'u_1' })
    expect(proved?.session.authenticatedAt).toBe(START)
    expect(await store.update(proved?.token ?? '', (draft) => (draft.count = 1))).not.toBeNull()
    expect(await store.revokeUser('u_1')).toEqual([second.session.id])
    expect(await store.sweep()).toBe(0)
    await store.drain()
  })
})

describe('counters', () => {
  test('count, and hand out copies', () => {
    const counters = new Counters()
    const before = counters.snapshot()
    counters.add('conflicts')
    counters.add('conflicts')
    expect(before.conflicts).toBe(0)
    expect(counters.snapshot().conflicts).toBe(2)
  })

  test('are numbers under names that no input can add to', () => {
    const names = Object.keys(new Counters().snapshot())
    expect(names).toContain('malformedTokens')
    expect(Object.values(new Counters().snapshot()).every((count) => count === 0)).toBe(true)
  })
})

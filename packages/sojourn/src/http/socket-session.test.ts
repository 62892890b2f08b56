import { EventEmitter } from 'node:events'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type SessionStore } from '../core/index.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { memory } from '../engines/memory/index.ts'
import type { Verb } from '../testing/passing-engine.test-support.ts'
import { FaultyEngine } from './faulty-engine.test-support.ts'
import { type SocketConnection, SocketSession } from './socket-session.ts'

interface Cart {
  cart: string[]
}

/** A connection that notes how it was closed. */
class Line extends EventEmitter implements SocketConnection {
  readonly calls: string[] = []
  isOpen = true

  onClosed(listener: () => void): void {
    this.once('close', listener)
  }

  close(): void {
    this.calls.push('close')
  }

  destroy(): void {
    this.calls.push('destroy')
    this.leave()
  }

  /** The client goes away. */
  leave(): void {
    this.isOpen = false
    this.emit('close')
  }
}

/** An engine whose answers a test can hold up on their way back. */
class LateEngine extends FaultyEngine {
  late: () => Promise<void> = async () => undefined

  override async pass<T>(verb: Verb, run: () => Promise<T>): Promise<T> {
    const answer = await super.pass(verb, run)
    await this.late()
    return answer
  }
}

async function open() {
  const engine = new LateEngine(memory())
  const clock = new TestClock()
  const options = { sweep: false, clock, initial: (): Cart => ({ cart: [] }) } as const
  const store = await createSessionStore<Cart>({ ...options, engine })
  const elsewhere = await createSessionStore<Cart>({ ...options, engine })
  onTestFinished(async () => {
    engine.cut('none')
    await store.close()
  })
  const { token, session } = await store.create({ userId: 'u_1' })
  engine.forgetCalls()
  return { engine, clock, store, elsewhere, token, session }
}

async function bound() {
  const world = await open()
  const line = new Line()
  return { ...world, line, socket: new SocketSession(world.store, world.session, line) }
}

const later = async (store: SessionStore<Cart>, clock: TestClock, by: number) => {
  clock.advance(by)
  await store.drain()
}

describe('the session of a socket', () => {
  test('WS4: 10,000 connections leave no watch, no timer and no listener behind', async () => {
    const { store, session, clock, engine } = await open()
    const lines = new Set<Line>()
    for (let round = 0; round < 10_000; round += 1) {
      const line = new Line()
      new SocketSession(store, session, line)
      line.leave()
      if (line.listenerCount('close') > 0) lines.add(line)
    }
    await later(store, clock, 1_000)
    engine.forgetCalls()
    await later(store, clock, 1_000)
    expect([lines.size, clock.armed, engine.calls]).toEqual([0, 0, []])
  })

  test('WS4: 10,000 connections of sessions that end leave none behind either', async () => {
    const { store, session, clock, engine } = await open()
    const made = Array.from({ length: 10_000 }, () => {
      const line = new Line()
      return { line, socket: new SocketSession(store, session, line) }
    })
    await store.revoke(session)
    expect(made.filter(({ line, socket }) => line.calls.length !== 1 || socket.current !== null)).toEqual([])
    for (const { line } of made) line.leave()
    await later(store, clock, 1_000)
    engine.forgetCalls()
    await later(store, clock, 1_000)
    expect([clock.armed, engine.calls]).toEqual([0, []])
    expect(made.filter(({ line }) => line.calls.includes('destroy'))).toEqual([])
  })

  test('a client that does not go is cut after a second', async () => {
    const { store, token, clock, line } = await bound()
    await store.revoke(token)
    await later(store, clock, 999)
    expect(line.calls).toEqual(['close'])
    await later(store, clock, 1)
    expect(line.calls).toEqual(['close', 'destroy'])
    await later(store, clock, 10_000)
    expect(line.calls).toEqual(['close', 'destroy'])
  })

  test('once it has ended nobody is logged in, and it says who has left', async () => {
    const { store, token, socket, engine, session } = await bound()
    await store.revoke(token)
    engine.forgetCalls()
    expect([socket.current, socket.data, socket.userId, socket.id]).toEqual([
      null,
      { cart: [] },
      'u_1',
      session.id,
    ])
    expect(await socket.read()).toBeNull()
    expect(await socket.update((draft) => draft.cart.push('tea'))).toBe(false)
    expect(await socket.touch()).toBe(false)
    expect(engine.calls).toEqual([])
  })

  test.each([
    ['read', (socket: SocketSession<Cart>) => socket.read()],
    ['update', (socket: SocketSession<Cart>) => socket.update((draft) => draft.cart.push('tea'))],
    ['touch', (socket: SocketSession<Cart>) => socket.touch()],
  ] as const)('a %s that finds it ended elsewhere closes the socket at once', async (_verb, ask) => {
    const { elsewhere, token, socket, line, clock } = await bound()
    await elsewhere.revoke(token)
    clock.advance(60_000)
    line.calls.length = 0
    expect([null, false]).toContain(await ask(socket))
    expect([socket.current, line.calls.length > 0 || !line.isOpen]).toEqual([null, true])
  })

  test('a read costs one round trip and writes nothing', async () => {
    const { elsewhere, token, socket, engine, store } = await bound()
    await elsewhere.update(token, (draft) => draft.cart.push('milk'))
    engine.forgetCalls()
    const session = await socket.read()
    await store.drain()
    expect([session?.data.cart, socket.data.cart, engine.calls]).toEqual([['milk'], ['milk'], ['read']])
  })

  test('answers in another order do not bring an old one back', async () => {
    const { socket, engine, elsewhere, token } = await bound()
    let release: () => void = () => undefined
    const reached = new Promise<void>((resolve) => {
      engine.late = async () => {
        resolve()
        await new Promise<void>((go) => {
          release = go
        })
      }
    })
    const old = socket.read()
    await reached
    engine.late = async () => undefined
    await elsewhere.update(token, (draft) => draft.cart.push('milk'))
    expect(await socket.update((draft) => draft.cart.push('tea'))).toBe(true)
    release()
    await old
    expect(socket.data.cart).toEqual(['milk', 'tea'])
  })

  test('when nobody can know, a read rejects and the socket stays', async () => {
    const { socket, engine, line } = await bound()
    engine.cut('fails')
    await expect(socket.read()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    expect([line.calls, socket.userId]).toEqual([[], 'u_1'])
  })

  test('T47: is touched at most once in the throttle, and from the last recorded activity on', async () => {
    const { socket, engine, clock, store } = await bound()
    const touches = () => engine.calls.filter((verb) => verb === 'touch').length
    expect(await socket.touch()).toBe(true)
    clock.advance(59_999)
    expect([await socket.touch(), touches()]).toEqual([true, 0])
    clock.advance(1)
    expect([await socket.touch(), await socket.touch(), touches()]).toEqual([true, true, 1])
    await store.drain()
  })

  test('T14: what is logged or sent of it holds no token, no digest and no data', async () => {
    const { socket, session } = await bound()
    expect(JSON.parse(JSON.stringify(socket))).toEqual({ id: session.id, userId: 'u_1' })
    expect(inspect(socket, { depth: 9, showHidden: true })).not.toMatch(/digest|cart|token/)
  })
})

import { type Cookie, createSessionStorage, isSession, type Session, type SessionStorage } from 'react-router'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type SessionStore } from '../core/index.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { memory } from '../engines/memory/index.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import { tokenIn } from './behaviours-log-in.test-support.ts'
import { sessionStorage, sessionStrategy } from './react-router.ts'

interface Shop {
  cart: string[]
  user?: string
  note?: string
  plan?: string
}
type Store = SessionStore<Shop>
type Storage = SessionStorage<Shop, Shop>
type StorageOf = (store: Store) => Storage

const userId = ({ user }: Shop) => user
const ours = (store: Store) => sessionStorage(store, { userId })
/** A plain cookie with a token, as React Router sees cookies. */
const COOKIE: Cookie = {
  name: '__Host-id',
  isSigned: true,
  parse: async (header) => tokenIn([header ?? '']),
  serialize: async (token, { maxAge } = {}) => `__Host-id=${token}; Max-Age=${maxAge}`,
}
/** What one writes from the documentation of React Router, and what is wrong with it. */
const own =
  (wrong: (store: Store) => object = () => ({})): StorageOf =>
  (store) =>
    createSessionStorage<Shop, Shop>({ ...sessionStrategy(store), ...wrong(store), cookie: COOKIE })

async function open(storageOf: StorageOf = ours) {
  const clock = new TestClock()
  const engine = new FaultyEngine(memory())
  const store = await createSessionStore<Shop>({ engine, clock, sweep: false, initial: () => ({ cart: [] }) })
  onTestFinished(() => store.close())
  engine.forgetCalls()
  return { clock, engine, store, storage: storageOf(store) }
}

const cookieOf = (line: string) => `__Host-id=${tokenIn([line])}`

/** A visitor with something in the cart. */
async function visited({ storage }: { storage: Storage }) {
  const session = await storage.getSession()
  session.set('cart', ['tea'])
  const line = await storage.commitSession(session)
  return { session, line, cookie: cookieOf(line) }
}

async function logIn(storage: Storage, cookie: string, user = 'u_1') {
  const session = await storage.getSession(cookie)
  session.set('user', user)
  return storage.commitSession(session)
}

describe('the session storage of React Router', () => {
  test('is one by its own test, and its functions need no this', async () => {
    const { storage } = await open()
    const { getSession, commitSession, destroySession } = storage
    const session = await getSession(null)
    expect([isSession(session), session.id, session.data]).toEqual([true, '', { cart: [] }])
    session.set('note', 'hello')
    const line = await commitSession(session)
    expect(line).toMatch(/^__Host-id=[\w-]{48}; Path=\/; Secure; HttpOnly; SameSite=Lax$/)
    expect((await getSession(cookieOf(line))).get('note')).toBe('hello')
    expect(await destroySession(session)).toMatch(/^__Host-id=; .*Secure.*Max-Age=0; Expires=/)
    expect((await getSession(cookieOf(line))).id).toBe('')
  })

  test('RR1: a commit after expiry stores a new session under a new id, with its cookie', async () => {
    const running = await open()
    const { cookie } = await visited(running)
    const old = await running.storage.getSession(cookie)
    running.clock.advance(31 * 60_000)
    const session = await running.storage.getSession(cookie)
    expect([session.id, session.data]).toEqual(['', { cart: [] }])
    session.set('cart', ['rice'])
    const next = cookieOf(await running.storage.commitSession(session))
    const found = await running.storage.getSession(next)
    expect([next === cookie, found.id === old.id, found.get('cart')]).toEqual([false, false, ['rice']])
  })

  const revokedThenLoggedIn = async (storageOf: StorageOf) => {
    const { storage, store } = await open(storageOf)
    const first = await logIn(storage, '')
    const before = await store.read(tokenIn([first]))
    await store.revoke(before ?? '')
    const line = await logIn(storage, cookieOf(first), 'u_2').catch(() => '')
    const found = await store.read(tokenIn([line]))
    return { is: found?.data.user ?? null, isNew: found?.id !== before?.id }
  }

  test('RR2: who was revoked elsewhere logs in again in the same browser, under a new id', async () => {
    expect(await revokedThenLoggedIn(ours)).toEqual({ is: 'u_2', isNew: true })
  })

  test("RR2: a twin on React Router's own storage is found out, also when it hides the refusal", async () => {
    expect((await revokedThenLoggedIn(own())).is).toBeNull()
    expect((await revokedThenLoggedIn(own(() => ({ updateData: async () => undefined })))).is).toBeNull()
  })

  const recordsOfTwoCommits = async (storageOf: StorageOf) => {
    const { storage, engine } = await open(storageOf)
    const session = await storage.getSession()
    session.set('note', 'hello')
    const lines = await Promise.all([storage.commitSession(session), storage.commitSession(session)])
    return { records: engine.calls.filter((verb) => verb === 'create').length, lines: new Set(lines).size }
  }

  test('RR3: two commits of a new session make one record, and one cookie', async () => {
    expect(await recordsOfTwoCommits(ours)).toEqual({ records: 1, lines: 1 })
  })

  test('RR3: a twin that stores what has no id yet is found out', async () => {
    expect(await recordsOfTwoCommits(own())).toEqual({ records: 2, lines: 2 })
  })

  test('RR4: to delete what was never stored is no failure, and leaves nothing behind', async () => {
    const { storage, store, engine } = await open()
    await expect(sessionStrategy(store).deleteData('')).resolves.toBeUndefined()
    await storage.destroySession(await storage.getSession())
    expect(engine.calls).toEqual([])
  })

  const bothOf = async (storageOf: StorageOf) => {
    const running = await open(storageOf)
    const { cookie } = await visited(running)
    const [one, other] = await Promise.all([
      running.storage.getSession(cookie),
      running.storage.getSession(cookie),
    ])
    one.set('note', 'hello')
    other.set('plan', 'gold')
    other.unset('cart')
    await Promise.all([running.storage.commitSession(one), running.storage.commitSession(other)])
    return (await running.storage.getSession(cookie)).data
  }

  test('RR5: of two loaders that commit different keys at a time none loses its change', async () => {
    expect(await bothOf(ours)).toEqual({ note: 'hello', plan: 'gold' })
  })

  test('RR5: a twin that writes the whole data is found out', async () => {
    expect(await bothOf(own())).not.toEqual({ note: 'hello', plan: 'gold' })
  })

  const aliveAfter = async (storageOf: StorageOf, seconds: number) => {
    const { storage, clock } = await open(storageOf)
    const session = await storage.getSession()
    session.set('note', 'hello')
    const line = await storage.commitSession(session, { maxAge: 60 })
    clock.advance(seconds * 1_000)
    return { age: /Max-Age=(\d+)/.exec(line)?.[1], is: (await storage.getSession(cookieOf(line))).id !== '' }
  }

  test('RR6: a maxAge of 60 is 60 seconds, of the cookie and of the session', async () => {
    expect([await aliveAfter(ours, 59), await aliveAfter(ours, 61)]).toEqual([
      { age: '60', is: true },
      { age: '60', is: false },
    ])
  })

  test('RR6: a twin whose sessions outlive their cookie is found out', async () => {
    const twin = own((store) => ({ createData: (data: Shop) => sessionStrategy(store).createData(data) }))
    expect((await aliveAfter(twin, 61)).is).toBe(true)
  })
})

describe('what its sessions are to sojourn', () => {
  test('T37: a log-in is a new session of that user under a new id, and the old cookie is dead', async () => {
    const running = await open()
    const { cookie, line } = await visited(running)
    const entered = await logIn(running.storage, cookie)
    const found = await running.store.read(tokenIn([entered]))
    expect(found).toMatchObject({ userId: 'u_1', data: { cart: ['tea'], user: 'u_1' } })
    expect(await running.store.read(tokenIn([line]))).toBeNull()
    expect(await running.store.list({ userId: 'u_1' })).toHaveLength(1)
  })

  test('complaint 4: a commit that comes after the log-out stores nothing, and sets no cookie', async () => {
    const { storage, engine } = await open()
    const cookie = cookieOf(await logIn(storage, ''))
    const slow = await storage.getSession(cookie)
    const leaving = await storage.getSession(cookie)
    await storage.destroySession(leaving)
    engine.forgetCalls()
    slow.set('note', 'late')
    expect([await storage.commitSession(slow), await storage.commitSession(slow)]).toEqual(['', ''])
    leaving.set('note', 'late')
    expect(await storage.commitSession(leaving)).toBe('')
    expect(engine.calls).not.toContain('create')
  })

  test('complaint 4: also when that commit drops its user', async () => {
    const { storage, engine } = await open()
    const cookie = cookieOf(await logIn(storage, ''))
    const slow = await storage.getSession(cookie)
    await storage.destroySession(await storage.getSession(cookie))
    engine.forgetCalls()
    slow.unset('user')
    expect([await storage.commitSession(slow), engine.calls]).toEqual(['', ['read']])
  })

  test('T56: a commit of a visitor who only looked around stores nothing', async () => {
    const { storage, engine } = await open()
    expect([await storage.commitSession(await storage.getSession()), engine.calls]).toEqual(['', []])
  })

  test('a commit without a change writes nothing', async () => {
    const running = await open()
    const { cookie, line } = await visited(running)
    const session = await running.storage.getSession(cookie)
    running.engine.forgetCalls()
    expect([await running.storage.commitSession(session), running.engine.calls]).toEqual([line, []])
  })

  test('a value that is changed in place is stored, as it was at the commit', async () => {
    const running = await open()
    const { cookie } = await visited(running)
    const session = await running.storage.getSession(cookie)
    session.get('cart')?.push('rice')
    const committed = running.storage.commitSession(session)
    session.get('cart')?.push('late')
    await committed
    expect((await running.storage.getSession(cookie)).get('cart')).toEqual(['tea', 'rice'])
  })

  test('a flash is there once, when its reading was committed', async () => {
    const { storage } = await open()
    const session = await storage.getSession()
    session.flash('note', 'saved')
    const cookie = cookieOf(await storage.commitSession(session))
    const next = await storage.getSession(cookie)
    expect(next.get('note')).toBe('saved')
    await storage.commitSession(next)
    expect((await storage.getSession(cookie)).has('note')).toBe(false)
  })

  test('rotate gives a new token for the same session; T42: a commit with the old one hands out the successor', async () => {
    const { store } = await open()
    const storage = sessionStorage(store)
    const running = await visited({ storage })
    const before = await storage.getSession(running.cookie)
    const line = await storage.rotate(before)
    const after = await storage.getSession(cookieOf(line))
    expect([after.id, line === running.line]).toEqual([before.id, false])
    const late = await storage.getSession(running.cookie)
    late.set('note', 'hello')
    expect(await storage.commitSession(late)).toBe(line)
    await storage.rotate(after, { grace: false })
    expect((await storage.getSession(cookieOf(line))).id).toBe('')
    expect(await storage.rotate(await storage.getSession())).toBe('')
  })

  test('T18, T19: of the cookies only ours is read, as it is, and never two', async () => {
    const running = await open()
    const { cookie } = await visited(running)
    const token = cookie.slice('__Host-id='.length)
    const encoded = `__Host-id=%${token.charCodeAt(0).toString(16)}${token.slice(1)}`
    for (const header of [
      encoded,
      `${cookie}; __Host-id=${'A'.repeat(48)}`,
      `id=${token}`,
      '__Host-id=',
      'x',
    ]) {
      expect([header, (await running.storage.getSession(header)).id]).toEqual([header, ''])
    }
    expect((await running.storage.getSession(`a=b; ${cookie}`)).id).not.toBe('')
  })

  test('T23: an age is refused where the standard forbids it; what is not of sojourn is refused too', async () => {
    const store = await createSessionStore<Shop>({
      engine: memory(),
      lifetime: 'banking',
      sweep: false,
      initial: () => ({ cart: [] }),
    })
    onTestFinished(() => store.close())
    const storage: Storage = sessionStorage(store)
    const session = await storage.getSession()
    for (const options of [
      { maxAge: 60 },
      { maxAge: 0 },
      { expires: new Date(Number.NaN) },
      { path: '/shop' },
    ]) {
      await expect(storage.commitSession(session, options)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
    }
    expect(() => sessionStorage(store, { cookie: { name: 'id' } })).toThrow('__Host-')
  })

  test('what a store cannot keep is refused with its path', async () => {
    const { storage } = await open()
    const session: Session = await storage.getSession()
    session.set('cart', [() => 'tea'])
    await expect(storage.commitSession(session)).rejects.toMatchObject({
      code: 'DATA_REFUSED',
      message: expect.stringContaining('cart'),
    })
  })

  test('a failure of the store reaches the application, and the next commit tries again', async () => {
    const { storage, engine } = await open()
    const session = await storage.getSession()
    session.set('note', 'hello')
    engine.cut('fails')
    await expect(storage.commitSession(session)).rejects.toMatchObject({ status: 503 })
    engine.cut('none')
    expect(await storage.commitSession(session)).toMatch(/^__Host-id=/)
  })

  test('the strategy says what to use instead of it', async () => {
    const { store } = await open()
    await expect(sessionStrategy(store).updateData('A'.repeat(48), {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('sessionStorage of sojourn/react-router'),
    })
  })

  test('its data is typed', async () => {
    const { storage } = await open()
    const session = await storage.getSession()
    const cart: string[] | undefined = session.get('cart')
    // @ts-expect-error the cart holds texts
    session.set('cart', [1])
    // @ts-expect-error there is no such field
    session.set('basket', cart)
    // @ts-expect-error the user is found in the data of the store
    const wrong = (store: Store) => sessionStorage(store, { userId: ({ basket }) => basket })
    expect(wrong).toBeTypeOf('function')
  })
})

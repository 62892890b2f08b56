import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { endsOf, MINUTE, namesOf, World } from './world.test-support.ts'

describe.each(ENGINES)('log-in over $name', (engine) => {
  test('T37, T161.5: a log-in makes a new id and secret, and the old session is dead at once', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const visitor = await here.store.create({ data: { cart: ['book'], language: 'nl' } })
    const user = await here.store.create({ userId: 'u_1', replaces: visitor.token, carry: ['cart'] })

    expect(user.session.id).not.toBe(visitor.session.id)
    expect(user.token.slice(16)).not.toBe(visitor.token.slice(16))
    expect(await here.store.read(visitor.token)).toBeNull()
    expect(await there.store.read(visitor.token)).toBeNull()
    expect(await there.store.rotate(visitor.token)).toBeNull()
    expect((await there.store.read(user.token))?.userId).toBe('u_1')
    expect(endsOf(here)).toEqual([{ id: visitor.session.id, reason: 'replaced' }])
    expect(namesOf(here)).toEqual(['created', 'ended', 'created'])
  })

  test('T37: only named fields move, and given data lies on top of them', async () => {
    await using world = await World.open(engine, { initial: () => ({ language: 'en' }) })
    const { store } = await world.place()
    const visitor = await store.create({ data: { cart: ['book'], language: 'nl', count: 1 } })
    const carry = ['cart', 'count'] as const
    const user = await store.create({ userId: 'u_1', replaces: visitor.token, carry, data: { count: 7 } })
    expect(user.session.data).toEqual({ language: 'en', cart: ['book'], count: 7 })
  })

  test.each([
    ['a token', 'token'],
    ['a session that was read', 'session'],
    ['an id under the word of trusted code', 'operator'],
    ['a token that a rotation has replaced', 'alias'],
  ] as const)('T37, T9: a log-in that replaces %s starts anew', async (_name, form) => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token, session } = await store.create({ data: { cart: ['book'] } })
    if (form === 'alias') await store.rotate(token)
    const { id } = session
    const addresses = { token, alias: token, session, operator: { id, operator: true } } as const
    const user = await store.create({ userId: 'u_1', replaces: addresses[form], carry: ['cart'] })
    expect(user.session.id).not.toBe(id)
    expect(user.session.data.cart).toEqual(['book'])
    expect((await world.stored(id)).ended?.reason).toBe('replaced')
  })

  test.each(['a'.repeat(48), `${'-'.repeat(16)}${'a'.repeat(32)}`, 'short', ''])(
    'T9: a token that nobody issued (%j) is replaced by nothing and becomes nothing',
    async (token) => {
      await using world = await World.open(engine)
      const { store } = await world.place()
      const user = await store.create({ userId: 'u_1', replaces: token, carry: ['cart'] })
      expect(user.token).not.toContain(token.slice(0, 16) || 'x'.repeat(48))
      expect(user.session.data).toEqual({})
    },
  )

  test('T38: the new record is stored before the old one ends', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const visitor = await store.create()
    line.forget()
    const created = line.hold('create')
    const ended = line.hold('end')
    const login = store.create({ userId: 'u_1', replaces: visitor.token })

    await created.reached
    expect((await world.stored(visitor.token)).ended).toBeNull()
    created.release()
    await ended.reached
    expect(await world.liveIds('u_1')).toHaveLength(1)
    expect((await world.stored(visitor.token)).ended).toBeNull()
    ended.release()
    await login
    expect(line.calls).toEqual(['read', 'create', 'end'])
  })

  test('T38: a thousand requests with the old token see the old data or nothing, never the user', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const visitor = await here.store.create({ data: { language: 'nl' } })
    const login = here.store.create({ userId: 'u_1', replaces: visitor.token, carry: ['language'] })
    const reads = Array.from({ length: 1_000 }, (_, index) =>
      (index % 2 === 0 ? here : there).store.read(visitor.token),
    )
    for (const seen of await Promise.all(reads)) {
      expect(seen === null || (seen.userId === null && seen.id === visitor.session.id)).toBe(true)
    }
    await login
    expect(await there.store.read(visitor.token)).toBeNull()
  })

  const STEPS = [0, 1, 2, 3, 4].flatMap((at) => [[at, 'before'] as const, [at, 'after'] as const])

  test.each(STEPS)(
    'T38: a process that dies at call %i of a log-in, %s it is done, leaves the old session or the new one',
    async (at, stage) => {
      await using world = await World.open(engine)
      const [dying, other] = await world.pair()
      const visitor = await other.store.create({ data: { cart: ['book'] } })
      dying.line.crash(at, stage)
      const login = dying.store.create({ userId: 'u_1', replaces: visitor.token, carry: ['cart'] })
      const issued = await login.catch(() => null)

      const live = await world.liveIds('u_1')
      expect(live.length).toBeLessThanOrEqual(1)
      const old = await other.store.read(visitor.token)
      expect(old === null || old.userId === null).toBe(true)
      if (issued !== null) expect(live).toEqual([issued.session.id])
      expect(old !== null || live.length === 1).toBe(true)
    },
  )

  test.each([
    ['create', 'before'],
    ['end', 'before'],
    ['end', 'after'],
    ['read', 'before'],
  ] as const)('T38: one failure of %s, %s it is done, leaves one of the two', async (verb, stage) => {
    await using world = await World.open(engine, { perUser: { max: 1, whenFull: 'refuse' } })
    const { store, line } = await world.place()
    const visitor = await store.create({ data: { cart: ['book'] } })
    line.fail(verb, stage)
    const login = () => store.create({ userId: 'u_1', replaces: visitor.token, carry: ['cart'] })
    const issued = await login().catch(() => null)
    await store.drain()
    if (issued === null) {
      expect(await world.liveIds('u_1')).toEqual([])
      expect((await store.read(visitor.token))?.data.cart).toEqual(['book'])
      expect((await login()).session.data.cart).toEqual(['book'])
    } else {
      expect(await store.read(visitor.token)).toBeNull()
      expect(await world.liveIds('u_1')).toEqual([issued.session.id])
    }
  })

  test('T38: a session whose token reached nobody does not stay behind, logged in and counted', async () => {
    await using world = await World.open(engine, { perUser: { max: 1, whenFull: 'refuse' } })
    const { store, line } = await world.place()
    line.fail('create', 'after')
    await expect(store.create({ userId: 'u_1' })).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    await store.drain()
    expect((await store.create({ userId: 'u_1' })).session.userId).toBe('u_1')
  })

  test('what was put into the cart between the read and the end of the old session is carried', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const visitor = await here.store.create({ data: { cart: ['book'], language: 'nl' } })
    const held = here.line.hold('create')
    const login = here.store.create({ userId: 'u_1', replaces: visitor.token, carry: ['cart', 'language'] })
    await held.reached
    const added = await there.store.update(visitor.token, (draft) => {
      draft.cart = [...(draft.cart ?? []), 'lamp']
      delete draft.language
    })
    expect(added?.data.cart).toEqual(['book', 'lamp'])
    held.release()

    const { session, token } = await login
    expect(session.data).toEqual({ cart: ['book', 'lamp'] })
    expect((await there.store.read(token))?.data).toEqual({ cart: ['book', 'lamp'] })
  })

  test('nothing is carried from a session object whose session has ended since', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { session } = await here.store.create({ data: { cart: ['book'] } })
    await there.store.revoke({ id: session.id, operator: true })
    const user = await here.store.create({ userId: 'u_1', replaces: session, carry: ['cart'] })
    expect(user.session.data).toEqual({})
    expect((await world.stored(session.id)).ended?.reason).toBe('revoked')
  })

  test('a late change never overwrites what the log-in itself gave', async () => {
    await using world = await World.open(engine, { initial: () => ({ language: 'en' }) })
    const { store, line } = await world.place()
    const visitor = await store.create({ data: { cart: ['book'], count: 1 } })
    const held = line.hold('create')
    const login = store.create({
      userId: 'u_1',
      replaces: visitor.token,
      carry: ['cart', 'count', 'language'],
      data: { count: 7 },
    })
    await held.reached
    await store.update(visitor.token, (draft) => {
      draft.count = 2
      delete draft.language
    })
    held.release()
    expect((await login).session.data).toEqual({ cart: ['book'], count: 7, language: 'en' })
  })

  test('a sweep that comes between the end and the look takes nothing from what is carried', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const visitor = await here.store.create({ data: { cart: ['book'] } })
    const created = here.line.hold('create')
    const ended = here.line.hold('end', 'after')
    const login = here.store.create({ userId: 'u_1', replaces: visitor.token, carry: ['cart'] })
    await created.reached
    await there.store.update(visitor.token, (draft) => (draft.cart = ['book', 'lamp']))
    created.release()
    await ended.reached
    world.clock.advance(999)
    await there.store.sweep()
    ended.release()
    expect((await login).session.data.cart).toEqual(['book', 'lamp'])
    world.clock.advance(SETTLE_AFTER_MS)
    await there.store.sweep()
    expect((await world.stored(visitor.token)).data.byteLength).toBe(0)
  })

  test('a log-in is done although the look for late changes failed, and that is counted', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const visitor = await store.create({ data: { cart: ['book'] } })
    const held = line.hold('end')
    const login = store.create({ userId: 'u_1', replaces: visitor.token, carry: ['cart'] })
    await held.reached
    line.fail('read')
    held.release()
    expect((await login).session.data.cart).toEqual(['book'])
    expect(store.counters().lateCarriesLost).toBe(1)
  })

  test('T57: a half-finished log-in is anonymous and dies after ten minutes, however active', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const pending = await store.create({ absolute: '10m', data: { stage: 'password', count: 1 } })
    expect(pending.session.userId).toBeNull()
    expect(pending.session.authenticatedAt).toBeNull()
    for (let minute = 0; minute < 9; minute += 1) {
      world.clock.advance(MINUTE)
      expect((await store.read(pending.token))?.data.stage).toBe('password')
      expect(await store.list({ userId: 'u_1' })).toEqual([])
    }
    const again = () => store.reauthenticate(pending.token, { userId: 'u_1' })
    await expect(again()).rejects.toMatchObject({ code: 'USER_MISMATCH' })
    world.clock.advance(MINUTE)
    expect(await store.read(pending.token)).toBeNull()
  })

  test('T57: the user is set by the log-in that follows, with the full lifetime', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const pending = await store.create({ absolute: '10m', data: { stage: 'password', cart: ['book'] } })
    const user = await store.create({ userId: 'u_1', replaces: pending.token, carry: ['cart'] })
    expect(user.session.data).toEqual({ cart: ['book'] })
    world.clock.advance(20 * MINUTE)
    expect((await store.read(user.token))?.userId).toBe('u_1')
  })

  test('an absolute limit of its own never exceeds that of the store', async () => {
    await using world = await World.open(engine, { lifetime: { idle: '5m', absolute: '1h' } })
    const { store } = await world.place()
    const { session } = await store.create({ absolute: '8h' })
    expect(session.absoluteAt - session.createdAt).toBe(60 * MINUTE)
    for (const absolute of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1.5]) {
      await expect(store.create({ absolute })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })
})

import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { endsOf, MINUTE, namesOf, SECOND, START, World } from './world.test-support.ts'

const fulfilled = <T>(results: readonly PromiseSettledResult<T>[]): T[] =>
  results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))

describe.each(ENGINES)('the limit per user over $name', (engine) => {
  test('T53: of a thousand log-ins at once exactly three live, and the others ended by the limit', async () => {
    await using world = await World.open(engine, { perUser: { max: 3, whenFull: 'endOldest' } })
    const places = await world.pair()
    const issued = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => places[index % 2]?.store.create({ userId: 'u_1' })),
    )
    const live = await world.liveIds('u_1')
    expect(live).toHaveLength(3)
    const ends = places.flatMap(endsOf)
    expect(ends).toHaveLength(997)
    expect(ends.every(({ reason }) => reason === 'limit')).toBe(true)
    expect(new Set([...ends.map(({ id }) => id), ...live]).size).toBe(1_000)
    const tokens = issued.flatMap((one) => one?.token ?? [])
    const readable = await Promise.all(tokens.map((token) => places[0].store.read(token)))
    expect(readable.filter((session) => session !== null)).toHaveLength(3)
    expect((await places[0].store.list({ userId: 'u_1' })).map(({ id }) => id)).toEqual(live)
  })

  test('T53: of a thousand log-ins at once exactly three are let in, when a full user is refused', async () => {
    await using world = await World.open(engine, { perUser: { max: 3, whenFull: 'refuse' } })
    const places = await world.pair()
    const results = await Promise.allSettled(
      Array.from({ length: 1_000 }, (_, index) => places[index % 2]?.store.create({ userId: 'u_1' })),
    )
    expect(fulfilled(results)).toHaveLength(3)
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(refused.every((error) => error.code === 'USER_LIMIT_REACHED')).toBe(true)
    expect(await world.liveIds('u_1')).toHaveLength(3)
    expect(places.flatMap(namesOf).filter((name) => name === 'limitReached')).toHaveLength(997)
    expect(places.flatMap(endsOf)).toEqual([])
  })

  test('T53: a session that is replaced does not count, in either way', async () => {
    for (const whenFull of ['endOldest', 'refuse'] as const) {
      await using world = await World.open(engine, { perUser: { max: 1, whenFull } })
      const place = await world.place()
      let { token } = await place.store.create({ userId: 'u_1' })
      for (let turn = 0; turn < 5; turn += 1) {
        ;({ token } = await place.store.create({ userId: 'u_1', replaces: token }))
        expect(await world.liveIds('u_1')).toEqual([token.slice(0, 16)])
      }
      expect(endsOf(place).map(({ reason }) => reason)).toEqual(Array(5).fill('replaced'))
    }
  })

  test('T53: log-ins at once that replace one session never leave more than the limit', async () => {
    await using world = await World.open(engine, { perUser: { max: 2, whenFull: 'endOldest' } })
    const places = await world.pair()
    const first = await places[0].store.create({ userId: 'u_1' })
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        places[index % 2]?.store.create({ userId: 'u_1', replaces: first.token }),
      ),
    )
    expect(await world.liveIds('u_1')).toHaveLength(2)
    expect(await places[0].store.read(first.token)).toBeNull()
    expect(places.flatMap(endsOf)).toHaveLength(99)
  })

  test('T53: expired sessions do not count, and neither do ended ones', async () => {
    await using world = await World.open(engine, { perUser: { max: 2, whenFull: 'refuse' } })
    const { store } = await world.place()
    const login = () => store.create({ userId: 'u_1' })
    await login()
    world.clock.advance(20 * MINUTE)
    const second = await login()
    await expect(login()).rejects.toMatchObject({ code: 'USER_LIMIT_REACHED', retryable: false })
    world.clock.advance(10 * MINUTE)
    await login()
    await expect(login()).rejects.toMatchObject({ code: 'USER_LIMIT_REACHED' })
    await store.revoke(second.token)
    await login()
  })

  test('T53: the oldest goes first', async () => {
    await using world = await World.open(engine, { perUser: { max: 3, whenFull: 'endOldest' } })
    const place = await world.place()
    const ids: string[] = []
    for (let turn = 0; turn < 6; turn += 1) {
      ids.push((await place.store.create({ userId: 'u_1' })).session.id)
      world.clock.advance(SECOND)
    }
    expect(endsOf(place).map(({ id }) => id)).toEqual(ids.slice(0, 3))
    expect(await world.liveIds('u_1')).toEqual(ids.slice(3))
  })

  test('T53: one user never costs another, and anonymous sessions have no limit', async () => {
    await using world = await World.open(engine, { lifetime: 'banking' })
    const { store } = await world.place()
    const made = await Promise.all([
      store.create({ userId: 'u_1' }),
      store.create({ userId: 'u_2' }),
      store.create({ userId: 'U_1' }),
      ...Array.from({ length: 20 }, () => store.create()),
    ])
    for (const { token } of made) expect(await store.read(token)).not.toBeNull()
  })

  test('T53: sessions that revokeAll has cut off lock nobody out', async () => {
    await using world = await World.open(engine, { perUser: { max: 2, whenFull: 'refuse' } })
    const [here, there] = await world.pair()
    const old = [await here.store.create({ userId: 'u_1' }), await here.store.create({ userId: 'u_1' })]
    await there.store.revokeAll()
    world.clock.advance(SECOND)
    const fresh = await here.store.create({ userId: 'u_1' })
    expect(await world.liveIds('u_1')).toEqual([fresh.session.id])
    for (const { session } of old) {
      expect((await world.stored(session.id)).ended?.reason).toBe('revoked')
    }
    await here.store.create({ userId: 'u_1' })
    const third = here.store.create({ userId: 'u_1' })
    await expect(third).rejects.toMatchObject({ code: 'USER_LIMIT_REACHED' })
  })

  test('T161.8: the thousand and first session of a user is refused', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    await Promise.all(Array.from({ length: 1_000 }, () => store.create({ userId: 'u_1' })))
    const next = store.create({ userId: 'u_1' })
    await expect(next).rejects.toMatchObject({ code: 'USER_LIMIT_REACHED', status: 409 })
    expect(await world.liveIds('u_1')).toHaveLength(1_000)
    await expect(store.create({ userId: 'u_2' })).resolves.toBeDefined()
  })
})

describe.each(ENGINES)('the list of a user over $name', (engine) => {
  test('T54: it shows times, device and assurance, and neither data nor digest nor token', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const device = { label: 'Firefox on Linux', userAgent: 'Mozilla/5.0' }
    const { token, session } = await store.create({
      userId: 'u_1',
      data: { cart: ['book'] },
      device,
      assurance: 'aal2',
    })
    await store.create({ userId: 'u_2' })
    const list = await store.list({ userId: 'u_1' })
    expect(list).toEqual([
      {
        id: session.id,
        userId: 'u_1',
        createdAt: START,
        seenAt: START,
        expiresAt: START + 30 * MINUTE,
        absoluteAt: START + 8 * 60 * MINUTE,
        authenticatedAt: START,
        assurance: 'aal2',
        device,
      },
    ])
    expect(JSON.stringify(list)).not.toContain(token.slice(16))
    expect(Reflect.ownKeys(list[0] ?? {})).not.toContain('data')
  })

  test('T54: a thousand sessions come in ten pages, the oldest first, each once', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    for (let batch = 0; batch < 10; batch += 1) {
      await Promise.all(Array.from({ length: 100 }, () => store.create({ userId: 'u_1' })))
      world.clock.advance(batch % 3)
    }
    const ids: string[] = []
    const pages: number[] = []
    for (let after: string | undefined; pages.at(-1) !== 0; after = ids.at(-1)) {
      const page = await store.list(after === undefined ? { userId: 'u_1' } : { userId: 'u_1', after })
      ids.push(...page.map(({ id }) => id))
      pages.push(page.length)
    }
    expect(pages).toEqual([...Array(10).fill(100), 0])
    expect(ids).toEqual(await world.liveIds('u_1'))
  })

  test('T54: a page after a session that has ended meanwhile goes on where that one stood', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    await Promise.all(Array.from({ length: 150 }, () => store.create({ userId: 'u_1' })))
    const all = await world.liveIds('u_1')
    const after = all[99] ?? ''
    await store.revoke({ id: after, userId: 'u_1' })
    const next = await store.list({ userId: 'u_1', after })
    expect(next.map(({ id }) => id)).toEqual(all.slice(100))
    await store.revokeUser('u_1', { except: all[0] ?? '' })
    expect(await store.list({ userId: 'u_1', after })).toEqual([])
  })

  test('T54: a place in the list that is not the user’s own, or no place, begins anew', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const mine = await store.create({ userId: 'u_1' })
    world.clock.advance(1)
    const other = await store.create({ userId: 'u_2' })
    for (const after of [other.session.id, 'A'.repeat(16), '-'.repeat(16), '../', '']) {
      expect((await store.list({ userId: 'u_1', after })).map(({ id }) => id)).toEqual([mine.session.id])
    }
  })

  test('a session whose data is damaged is listed, and can be ended', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token, session } = await store.create({ userId: 'u_1', device: { label: 'Phone' } })
    const record = await world.stored(token)
    await world.raw.replace({ ...record, data: Uint8Array.of(1, 2), version: 2 }, 1, world.clock.now())
    expect(await store.list({ userId: 'u_1' })).toMatchObject([{ id: session.id, device: null }])
    expect(await store.revoke({ id: session.id, userId: 'u_1' })).toBe(true)
    expect(await store.list({ userId: 'u_1' })).toEqual([])
  })

  test('updateUser changes every live session of the user, and no other', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const mine = await Promise.all(Array.from({ length: 20 }, () => store.create({ userId: 'u_1' })))
    const other = await store.create({ userId: 'u_2' })
    const [ended] = mine
    await store.revoke(ended?.token ?? '')
    const after = await store.updateUser('u_1', (draft) => (draft.stage = 'suspended'))
    expect(after.map(({ id }) => id)).toEqual(await world.liveIds('u_1'))
    expect(after.every(({ data }) => data.stage === 'suspended')).toBe(true)
    for (const { token } of mine.slice(1)) expect((await store.read(token))?.data.stage).toBe('suspended')
    expect((await store.read(other.token))?.data.stage).toBeUndefined()
    expect(await store.read(ended?.token ?? '')).toBeNull()
  })
})

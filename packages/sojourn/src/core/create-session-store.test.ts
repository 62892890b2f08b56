import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { memory } from '../engines/memory/index.ts'
import { over } from '../testing/shareable-store.test-support.ts'
import { createSessionStore } from './create-session-store.ts'
import { ENGINES } from './engines.test-support.ts'
import { inputs } from './fuzz.test-support.ts'
import { misuse } from './misuse.test-support.ts'
import { LIFETIME_CEILING_MS } from './port.ts'
import { Chance } from './scheduler.test-support.ts'
import { STORE_ID } from './store-record.ts'
import { TestClock } from './test-clock.test-support.ts'
import { MINUTE, World } from './world.test-support.ts'

const KEY = 'fz8_P38_P38_P38_P38_P38_P38_P38_P38_P38_P38'.replaceAll('_', '9')
const OTHER_KEY = 'a1'.repeat(32)

/** A store from options that its types may forbid. */
async function openWith(options: object): Promise<Awaited<ReturnType<typeof createSessionStore>>> {
  const opened = misuse({ createSessionStore }, 'createSessionStore', { sweep: false, ...options })
  return Object(await opened)
}

const refusalOf = (options: object): Promise<unknown> =>
  openWith(options).then(
    () => 'nothing',
    (error: unknown) => error,
  )

describe('options', () => {
  test.each<[string, object, string]>([
    ['a name in another spelling', { bucketkey: KEY }, 'there is no option "bucketkey"'],
    ['one of another library', { ttl: 5, engine: memory() }, 'there is no option "ttl"'],
    ['a throttle', { throttle: '10m' }, 'there is no option "throttle"'],
    ['an unknown preset', { lifetime: 'bank' }, 'lifetime must be one of web'],
    [
      'a lifetime without end',
      { lifetime: { idle: '1h', absolute: Number.POSITIVE_INFINITY } },
      'lifetime.absolute',
    ],
    ['a lifetime of nothing', { lifetime: {} }, 'lifetime.idle must be'],
    ['a lifetime of half', { lifetime: { idle: '5m' } }, 'lifetime.absolute must be'],
    ['no time at all', { lifetime: { idle: 0, absolute: 0 } }, 'lifetime.idle must be'],
    ['idle above absolute', { lifetime: { idle: '2h', absolute: '1h' } }, 'must not exceed'],
    ['longer than browsers keep a cookie', { lifetime: { idle: '1h', absolute: '401d' } }, 'must be at most'],
    ['a timeout of zero', { timeout: 0 }, 'timeout must be'],
    ['a timeout that is NaN', { timeout: Number.NaN }, 'timeout must be'],
    ['no user at all', { perUser: { max: 0 } }, 'perUser.max must be a whole number from 1 to 1000'],
    [
      'more than the ceiling',
      { perUser: { max: 1_001 } },
      'perUser.max must be a whole number from 1 to 1000',
    ],
    ['half a session', { perUser: { max: 1.5 } }, 'perUser.max must be'],
    ['an unknown rule', { perUser: { max: 1, whenFull: 'endNewest' } }, "must be 'endOldest' or 'refuse'"],
    ['a data limit of zero', { maxDataBytes: 0 }, 'maxDataBytes must be a whole number from 1 to 1048576'],
    ['a data limit above the ceiling', { maxDataBytes: 2 ** 20 + 1 }, 'maxDataBytes must be'],
    ['a version of zero', { version: 0 }, 'version must be'],
    ['a version of text', { version: '2' }, 'version must be'],
    ['an unknown format', { format: 'xml' }, 'format must be messagepack or json'],
    ['the format of a prototype', { format: 'constructor' }, 'format must be messagepack or json'],
    ['an empty name', { name: '' }, 'name must be'],
    ['a name with a brace', { name: 'shop{1}' }, 'name must be'],
    ['a key that is not set', { bucketKey: undefined }, 'bucketKey must be 32 bytes'],
    ['an empty key', { bucketKey: '' }, 'bucketKey must be 32 bytes'],
    ['a passphrase', { bucketKey: 'correct horse battery staple' }, 'bucketKey must be 32 bytes'],
    ['data that cannot be stored', { initial: () => ({ now: () => 1 }) }, 'data.now is a function'],
  ])('T161.23, T12: %s is refused before anything is written', async (_name, options, message) => {
    const engine = memory()
    expect(await refusalOf({ engine, ...options })).toMatchObject({
      code: expect.stringMatching(/^(INVALID_ARGUMENT|DATA_REFUSED)$/),
      message: expect.stringContaining(message),
    })
  })

  test('T79: are taken at their limits', async () => {
    const engine = memory()
    const bounds = {
      perUser: { max: 1_000 },
      maxDataBytes: 2 ** 20,
      version: 2 ** 31,
      timeout: 1,
      name: 'x'.repeat(64),
    }
    expect(await refusalOf({ engine, ...bounds, lifetime: { idle: 1, absolute: LIFETIME_CEILING_MS } })).toBe(
      'nothing',
    )
    expect(await refusalOf({ engine: memory(), perUser: { max: 1 }, maxDataBytes: 64, version: 1 })).toBe(
      'nothing',
    )
  })

  test('T46: of any kind give a store with an end to every session, or an error of ours', async () => {
    const chance = new Chance(5)
    const odd: readonly unknown[] = [
      ...[
        undefined,
        null,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        -0,
        0,
        1,
        -1,
        2 ** 53,
        2 ** 31,
        1.5,
        5n,
        true,
      ],
      ...[
        '',
        '30m',
        '0m',
        'web',
        'constructor',
        '__proto__',
        KEY,
        'messagepack',
        [],
        {},
        () => null,
        new Date(5),
      ],
      ...[Symbol('x'), Object.create(null), { idle: '1m', absolute: '1h' }, { idle: null, absolute: '1h' }],
      ...[{ max: 5 }, { max: Number.NaN }, { idle: '1h', absolute: Number.NaN }, new Uint8Array(32)],
    ]
    const names = [
      'name',
      'lifetime',
      'version',
      'perUser',
      'maxDataBytes',
      'format',
      'bucketKey',
      'timeout',
      'lazy',
    ]
    for (let turn = 0; turn < inputs(2_000); turn += 1) {
      const chosen = names.filter(() => chance.happens(0.3)).map((name) => [name, chance.pick(odd)])
      const opened = openWith({ engine: memory(), clock: new TestClock(), ...Object.fromEntries(chosen) })
      const store = await opened.catch((error: unknown) => error)
      if (store instanceof Error) expect(store, inspect(chosen)).toMatchObject({ code: 'INVALID_ARGUMENT' })
      else expect(isMortal(Object(store).policy.lifetime), inspect(chosen)).toBe(true)
    }
  })
})

function isMortal({
  idle,
  absolute,
  throttle,
}: {
  idle: number
  absolute: number
  throttle: number
}): boolean {
  return idle > 0 && idle <= absolute && absolute <= LIFETIME_CEILING_MS && throttle * 10 <= idle
}

describe.each(ENGINES)('a bucket key over $name', (engine) => {
  test.each<[string, string | null, string | null]>([
    ['another key', KEY, OTHER_KEY],
    ['no key', KEY, null],
    ['a key where there was none', null, KEY],
  ])('T12, T161.17: %s does not start, and changes nothing', async (_name, first, second) => {
    await using world = await World.open(engine)
    const optionsFor = (bucketKey: string | null) => (bucketKey === null ? {} : { bucketKey })
    const { store } = await world.place(optionsFor(first))
    const { token } = await store.create({ userId: 'u_1' })
    const before = [await world.stored(STORE_ID), await world.stored(token)]
    const error = await world.place(optionsFor(second)).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_REFUSED', message: expect.stringContaining('bucketKey') })
    expect(String(error)).not.toContain(KEY)
    expect([await world.stored(STORE_ID), await world.stored(token)]).toEqual(before)
    const again = await world.place(optionsFor(first))
    expect(await again.store.list({ userId: 'u_1' })).toHaveLength(1)
  })

  test('T12: of two processes that start at once with two keys, one is refused', async () => {
    await using world = await World.open(engine)
    const started = await Promise.allSettled([KEY, OTHER_KEY].map((bucketKey) => world.place({ bucketKey })))
    expect(started.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('T12: in another spelling is the same key', async () => {
    await using world = await World.open(engine)
    const first = await world.place({ bucketKey: OTHER_KEY })
    await first.store.create({ userId: 'u_1' })
    for (const bucketKey of [
      Buffer.from(OTHER_KEY, 'hex'),
      Buffer.from(OTHER_KEY, 'hex').toString('base64'),
    ]) {
      const { store } = await world.place({ bucketKey })
      expect(await store.list({ userId: 'u_1' })).toHaveLength(1)
    }
  })

  test('T11, T12: puts all sessions of a user into one bucket, and no others', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place({ bucketKey: KEY })
    const buckets = async (userId: string): Promise<string[]> => {
      const all = await Promise.all(Array.from({ length: 5 }, () => store.create({ userId })))
      return [...new Set(all.map(({ session }) => session.id.slice(0, 2)))]
    }
    const [first, second] = [await buckets('u_1'), await buckets('u_2')]
    expect([first.length, second.length, first[0] === second[0]]).toEqual([1, 1, false])
    const visitors = await Promise.all(Array.from({ length: 20 }, () => store.create()))
    expect(new Set(visitors.map(({ session }) => session.id.slice(0, 2))).size).toBeGreaterThan(10)
  })
})

describe('an engine that is dead at the start', () => {
  const hangs = (): Promise<never> => new Promise(() => undefined)
  const refused = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))

  test('T86: and refuses is a clear error', async () => {
    const engine = over(memory(), { read: refused })
    expect(await refusalOf({ engine })).toMatchObject({ code: 'ENGINE_UNAVAILABLE', status: 503 })
  })

  test('T86: and hangs is a clear error within the time limit', async () => {
    const clock = new TestClock()
    const opening = refusalOf({ engine: over(memory(), { read: hangs }), clock, timeout: '2s' })
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
    clock.advance(2_000)
    expect(await opening).toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringContaining('within 2000 ms'),
    })
  })

  test('T86: that never opens is a clear error after half a minute', async () => {
    const clock = new TestClock()
    const opening = refusalOf({ engine: hangs(), clock, lazy: true })
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
    clock.advance(30_000)
    expect(await opening).toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringContaining('open'),
    })
    expect(clock.armed).toBe(0)
  })

  test('T76, T86: that fails to open gives an error of ours', async () => {
    const absent = Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' }))
    expect(await refusalOf({ engine: absent })).toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
  })

  test.each([
    ['refuses', refused],
    ['hangs', hangs],
  ])(
    'T86: and %s lets a lazy store start, which fails closed and recovers by itself',
    async (_name, broken) => {
      const clock = new TestClock()
      const real = memory()
      let isDead = true
      const engine = over(real, { read: (ids) => (isDead ? broken() : real.read(ids)) })
      const store = await createSessionStore({ engine, clock, lazy: true, sweep: false })
      const token = 'Ab'.repeat(24)
      const calls = [store.read(token), store.create(), store.revoke(token), store.list({ userId: 'u_1' })]
      const settled = Promise.allSettled(calls)
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
      clock.advance(1_000)
      for (const result of await settled) {
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { code: 'ENGINE_UNAVAILABLE', status: 503 },
        })
      }
      isDead = false
      const issued = await store.create({ userId: 'u_1' })
      expect(await store.read(issued.token)).not.toBeNull()
      expect(await store.list({ userId: 'u_1' })).toHaveLength(1)
      await store.close()
    },
  )

  test('T12: a lazy store with the wrong key answers nobody', async () => {
    const engine = memory()
    const first = await createSessionStore({ engine, bucketKey: KEY, sweep: false })
    const { token } = await first.create({ userId: 'u_1' })
    const wrong = await createSessionStore({ engine, bucketKey: OTHER_KEY, sweep: false, lazy: true })
    const calls = [
      wrong.read(token),
      wrong.create({ userId: 'u_1' }),
      wrong.revokeUser('u_1'),
      wrong.revoke(token),
    ]
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORE_REFUSED' } })
    }
    expect(await first.read(token)).not.toBeNull()
  })
})

describe('deadlines', () => {
  test('T49: are decided by the clock that is handed in, and by nothing that an engine does', async () => {
    const engine = memory()
    const early = new TestClock()
    const late = new TestClock(early.now() + 30 * MINUTE)
    const first = await createSessionStore({ engine, clock: early, sweep: false })
    const second = await createSessionStore({ engine, clock: late, sweep: false })
    const { token } = await first.create({ userId: 'u_1' })
    expect(await first.read(token)).not.toBeNull()
    expect(await second.read(token)).toBeNull()
    expect(await second.list({ userId: 'u_1' })).toEqual([])
    late.jump(-1)
    expect(await second.read(token, { touch: false })).not.toBeNull()
    early.jump(-10 * 365 * 86_400_000)
    expect(await first.read(token, { touch: false })).not.toBeNull()
    early.jump(20 * 365 * 86_400_000)
    expect(await first.read(token, { touch: false })).toBeNull()
  })
})

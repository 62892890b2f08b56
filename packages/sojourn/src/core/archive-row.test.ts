import { describe, expect, test } from 'vitest'
import { type ArchiveOptions, archiveTo } from './archive.ts'
import { ENGINES } from './engines.test-support.ts'
import { dataFromJson } from './json-form.ts'
import { Shelf } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { type Visit, World } from './world.test-support.ts'

const [MEMORY] = ENGINES
const SECRET = 'hunter2-and-more'

/** What becomes of one session with these options: the row, or the letter. */
async function outcomeOf(options: ArchiveOptions<Visit>, data: Visit = { cart: ['book'] }) {
  const shelf = new Shelf()
  await using world = await World.open(MEMORY, { atEnd: archiveTo(shelf.destination, options) })
  const { store } = await world.place()
  const { token } = await store.create({ userId: 'u_1', data, device: { label: 'Phone' } })
  await store.revoke(token)
  world.clock.advance(SETTLE_AFTER_MS)
  await store.sweep()
  const [letter = null] = await store.archive.deadLetters()
  const [row = null] = shelf.rows.values()
  return { row, letter }
}

describe('select', () => {
  test('sees the session as it ended, and its device', async () => {
    const { row } = await outcomeOf({
      select: ({ reason, device, data, userId }) => ({ reason, device: device?.label ?? null, data, userId }),
    })
    const data = { reason: 'logout', device: 'Phone', data: { cart: ['book'] }, userId: 'u_1' }
    expect(row).toMatchObject({ data })
    expect(Object.isFrozen(row?.data)).toBe(true)
  })

  test('T108: lets dates, large numbers and arrays through whole', async () => {
    const data = [
      new Date(5),
      2n ** 70n,
      2 ** 53 + 2,
      -0,
      new Map([['a', new Set([1])]]),
      Uint8Array.of(1, 2),
    ]
    const { row } = await outcomeOf({ select: () => data })
    expect(row?.data).toEqual(data)
    expect(dataFromJson(row?.json ?? '')).toEqual(data)
  })

  test('a field that is undefined is left out, as in JSON', async () => {
    const { row } = await outcomeOf({ select: ({ data }) => ({ cart: data.cart, stage: data.stage }) })
    expect(row?.data).toEqual({ cart: ['book'] })
  })

  test('null means no data', async () => {
    expect((await outcomeOf({ select: () => null })).row).toMatchObject({ data: null, json: null })
  })

  test.each<[name: string, select: () => unknown, why: string]>([
    ['nothing', () => undefined, 'select returned undefined'],
    ['a promise', async () => ({}), 'select must be synchronous'],
    ['a promise that rejects', () => Promise.reject(new Error(SECRET)), 'select must be synchronous'],
    ['a function', () => ({ call: () => 1 }), 'data.call is a function'],
    ['what is no text', () => ({ note: '\ud800' }), 'data.note is not well-formed'],
    ['U+0000', () => ({ note: 'a\0' }), 'data.note holds U+0000'],
    ['a name with U+0000', () => ({ 'a\0': 1 }), 'has a name with U+0000'],
    ['more than a record holds', () => 'x'.repeat(1_100_000), 'limit is 1048576'],
  ])('T82, T106: that returns %s makes a dead letter', async (_name, select, why) => {
    const { row, letter } = await outcomeOf({ select })
    expect(row).toBeNull()
    expect(letter?.error.message).toContain(why)
    expect(JSON.stringify(letter)).not.toContain(SECRET)
  })

  test('T107: what it throws is told without what it says', async () => {
    const { letter } = await outcomeOf({
      select: () => {
        throw new Error(`cannot read ${SECRET}`)
      },
    })
    expect(letter?.error.message).toContain('select failed')
    expect(JSON.stringify(letter)).not.toContain(SECRET)
  })
})

describe('credentials', () => {
  test.each([
    'password',
    'Access_Token',
    'refreshToken',
    'client-secret',
    'apiKey',
    'API_KEY',
    'PIN',
    'cvv',
    'set-cookie',
    'Authorization',
    'privateKeyPem',
    'pwd',
    'pinCode',
    'otp_code',
    'api key',
    'sessionId',
    'recoveryCodes',
    'ｔｏｋｅｎ',
  ])('T109: %s is refused unless it is named', async (name) => {
    const select = () => ({ deep: [new Map([['inside', { [name]: SECRET }]])] })
    const { row, letter } = await outcomeOf({ select })
    expect(row).toBeNull()
    expect(letter?.error).toMatchObject({ code: 'ARCHIVE_REFUSED' })
    expect(letter?.error.message).toContain('looks like a credential')
    expect(letter?.error.message).not.toContain(SECRET)
    expect((await outcomeOf({ select, allow: [name] })).letter).toBeNull()
  })

  test('T109: a key of a map is looked into as well', async () => {
    const { row, letter } = await outcomeOf({ select: () => new Map([[{ password: SECRET }, 1]]) })
    expect(row).toBeNull()
    expect(letter?.error.message).toContain('data[0].password looks like a credential')
  })

  test.each(['shipping', 'author', 'passenger', 'inside', 'opinion', 'pinned', 'laptop', 'cart', 'tokyo'])(
    'T109: %s is none',
    async (name) => {
      expect((await outcomeOf({ select: () => ({ [name]: 1 }) })).letter).toBeNull()
    },
  )
})

describe('the options of archiveTo', () => {
  test.each<[name: string, make: () => unknown, why: string]>([
    ['no destination', () => archiveTo(null as never), 'the destination must be a function'],
    ['half a destination', () => archiveTo({ name: 'x' } as never), 'the destination must be'],
    ['an unknown option', () => archiveTo(async () => null, { keep: 1 } as never), 'no option "keep"'],
    ['no reasons', () => archiveTo(async () => null, { on: [] }), 'on must be a list of'],
    [
      'an unknown reason',
      () => archiveTo(async () => null, { on: ['bored' as never] }),
      'on must be a list of',
    ],
    ['a select of text', () => archiveTo(async () => null, { select: 'cart' as never }), 'select must be'],
    ['a name alone', () => archiveTo(async () => null, { allow: 'token' as never }), 'allow must be'],
    [
      'no time',
      () => archiveTo(new Shelf().destination, { checkpoint: {} as never }),
      'checkpoint.every must',
    ],
    [
      'a function with checkpoints',
      () => archiveTo(async () => null, { checkpoint: { every: '5m' } }),
      'keeps no',
    ],
  ])('are refused with a reason: %s', (_name, make, why) => {
    expect(make).toThrow(why)
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

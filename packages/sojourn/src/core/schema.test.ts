import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { memory } from '../engines/memory/index.ts'
import { createSessionStore } from './create-session-store.ts'
import type { StoreOptions } from './options.ts'
import type { Issued } from './session.ts'
import type { SessionStore } from './session-store.ts'
import { TestClock } from './test-clock.test-support.ts'

interface Shop {
  name: string
  cart: { sku: string; count: number }[]
  seen?: Date
}

const SECRET = 'correct horse battery staple'

/** The same shape in three libraries: a name without spaces around it, a cart, perhaps a date. */
const SCHEMAS: readonly (readonly [name: string, schema: StandardSchemaV1<unknown, Shop>])[] = [
  [
    'zod',
    z.object({
      name: z.string().trim().max(10),
      cart: z.array(z.object({ sku: z.string(), count: z.number().int() })),
      seen: z.date().exactOptional(),
    }),
  ],
  [
    'valibot',
    v.object({
      name: v.pipe(v.string(), v.trim(), v.maxLength(10)),
      cart: v.array(v.object({ sku: v.string(), count: v.pipe(v.number(), v.integer()) })),
      seen: v.exactOptional(v.date()),
    }),
  ],
  [
    'arktype',
    type({
      name: type('string.trim').to('string <= 10'),
      cart: type({ sku: 'string', count: 'number.integer' }).array(),
      'seen?': 'Date',
    }),
  ],
]

/** A schema that answers later, as one that asks a database does. */
function later<Data>(schema: StandardSchemaV1<unknown, Data>): StandardSchemaV1<unknown, Data> {
  const { validate } = schema['~standard']
  return { '~standard': { ...schema['~standard'], validate: async (value) => validate(value) } }
}

/** A schema that may answer what the types forbid. */
function saying(validate: (value: unknown) => unknown): StandardSchemaV1<unknown, Shop> {
  return Object.assign({ '~standard': { version: 1, vendor: 'test', validate } })
}

const EMPTY: Shop = { name: '', cart: [] }

async function openWith(options: Partial<StoreOptions<Shop>>): Promise<SessionStore<Shop>> {
  return createSessionStore<Shop>({
    engine: memory(),
    sweep: false,
    clock: new TestClock(),
    initial: () => EMPTY,
    ...options,
  })
}

const VARIANTS = SCHEMAS.flatMap(([name, schema]) => [
  [name, schema] as const,
  [`${name}, asynchronously`, later(schema)] as const,
])

describe.each(VARIANTS)('a schema of %s', (_name, schema) => {
  test('gives back the data that is stored', async () => {
    const store = await openWith({ schema })
    const seen = new Date(5)
    const { token, session } = await store.create({
      data: { name: ' Ada ', cart: [{ sku: 'A', count: 1 }], seen },
    })
    expect(session.data).toEqual({ name: 'Ada', cart: [{ sku: 'A', count: 1 }], seen })
    const after = await store.update(token, (draft) => {
      draft.name = '  Grace'
      draft.cart.push({ sku: 'B', count: 2 })
    })
    expect(after?.data).toMatchObject({ name: 'Grace', cart: [{ sku: 'A' }, { sku: 'B' }] })
    expect((await store.read(token))?.data).toEqual(after?.data)
  })

  test('refuses with the path, and repeats no value', async () => {
    const store = await openWith({ schema })
    const { token } = await store.create({ data: { name: 'Ada' } })
    const wrong: [(draft: Shop) => unknown, string[]][] = [
      [(draft) => (draft.name = SECRET), ['data.name does not fit.']],
      [(draft) => draft.cart.push({ sku: SECRET, count: 1.5 }), ['data.cart[0].count does not fit.']],
      [(draft) => Object.assign(draft, { cart: SECRET }), ['data.cart does not fit.']],
      [
        (draft) => Object.assign(draft, { name: 1, cart: 1, seen: 1 }),
        ['data.name does not fit.', 'data.cart does not fit.', 'data.seen does not fit.'],
      ],
    ]
    for (const [recipe, messages] of wrong) {
      const error = await store.update(token, recipe).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'SCHEMA_REFUSED' })
      for (const message of messages) expect(String(error)).toContain(message)
      expect(String(error)).not.toContain(SECRET)
    }
    expect((await store.read(token))?.data).toEqual({ name: 'Ada', cart: [] })
    await expect(store.create({ data: { name: SECRET } })).rejects.toMatchObject({ code: 'SCHEMA_REFUSED' })
  })
})

test.each(SCHEMAS)('the types of a schema of %s reach the session, read-only', async (_name, schema) => {
  const store = await createSessionStore({ engine: memory(), schema, initial: () => EMPTY })
  const { token, session } = await store.create({ data: { name: 'Ada' } })
  expectTypeOf(session.data.name).toEqualTypeOf<string>()
  expectTypeOf(session.data.cart).toEqualTypeOf<readonly { readonly sku: string; readonly count: number }[]>()
  expectTypeOf(session.data).toEqualTypeOf<{
    readonly name: string
    readonly cart: readonly { readonly sku: string; readonly count: number }[]
    readonly seen?: Date
  }>()
  expectTypeOf<Parameters<typeof store.update>[1]>().parameter(0).toEqualTypeOf<Shop>()
  expectTypeOf(store.read(token)).resolves.exclude(null).toHaveProperty('data')
  expectTypeOf<Issued<Shop>['session']['data']>().toEqualTypeOf(session.data)
  await store.close()
})

test('the types of each library are inferred without a word from the application', async () => {
  const zod = await createSessionStore({
    engine: memory(),
    schema: z.object({ visits: z.number().default(0) }),
  })
  const valibot = await createSessionStore({
    engine: memory(),
    schema: v.object({ tags: v.set(v.string()) }),
  })
  const arktype = await createSessionStore({ engine: memory(), schema: type({ 'nick?': 'string' }) })
  const { session } = await zod.create()
  expectTypeOf(session.data).toEqualTypeOf<{ readonly visits: number }>()
  expect(session.data.visits).toBe(0)
  const tagged = await valibot.create({ data: { tags: new Set(['a']) } })
  expectTypeOf(tagged.session.data.tags).toEqualTypeOf<ReadonlySet<string>>()
  const named = await arktype.create({ data: { nick: 'Ada' } })
  expectTypeOf(named.session.data).toEqualTypeOf<{ readonly nick?: string }>()
  for (const store of [zod, valibot, arktype]) await store.close()
})

describe('T82: a schema', () => {
  test.each<[string, (value: unknown) => unknown]>([
    ['throws', () => raise(new TypeError(SECRET))],
    ['rejects', () => Promise.reject(new TypeError(SECRET))],
    [
      'throws something that is no error',
      () => raise(Object.assign(Object.create(null), { code: 'ENOENT' })),
    ],
    [
      'rejects with an error that reads as absent',
      () => Promise.reject(Object.assign(new Error(SECRET), { code: 'ENOENT' })),
    ],
  ])('that %s refuses, and says no value', async (_name, validate) => {
    let isBroken = false
    const schema = saying((value) => (isBroken ? validate(value) : { value }))
    const store = await openWith({ schema })
    const { token } = await store.create({ data: { name: 'Ada' } })
    isBroken = true
    const error = await store
      .update(token, (draft) => (draft.name = 'Grace'))
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'SCHEMA_REFUSED' })
    const { cause } = z.object({ cause: z.instanceof(Error) }).parse(error)
    expect(`${error}${cause.stack}`).not.toMatch(/correct horse|ENOENT/)
    isBroken = false
    expect((await store.read(token))?.data.name).toBe('Ada')
    expect((await store.update(token, (draft) => (draft.name = 'Grace')))?.data.name).toBe('Grace')
    await store.close()
  })

  test('that hangs refuses in time, and holds up no other update', async () => {
    const clock = new TestClock()
    let isBroken = false
    let hanging = 0
    const hang = (): Promise<never> => {
      hanging += 1
      return new Promise(() => undefined)
    }
    const schema = saying((value) => (isBroken ? hang() : { value }))
    const store = await openWith({ schema, clock, timeout: '2s' })
    const { token } = await store.create({ data: { name: 'Ada' } })
    isBroken = true
    const first = store.update(token, (draft) => (draft.name = 'Grace')).catch((reason: unknown) => reason)
    const creating = store.create({ data: { name: 'Grace' } }).catch((reason: unknown) => reason)
    await until(() => hanging === 2)
    isBroken = false
    const second = store.update(token, (draft) => draft.cart.push({ sku: 'A', count: 1 }))
    // The memory engine answers without waiting for anything but its turn.
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve()
    clock.advance(2_000)
    for (const refused of [await first, await creating]) {
      expect(refused).toMatchObject({
        code: 'SCHEMA_REFUSED',
        message: expect.stringContaining('It did not answer within 2000 ms.'),
      })
    }
    expect((await second)?.data).toEqual({ name: 'Ada', cart: [{ sku: 'A', count: 1 }] })
    expect((await store.read(token))?.data.name).toBe('Ada')
    await store.close()
  })

  test('that answers in time leaves no timer behind', async () => {
    const clock = new TestClock()
    const store = await openWith({ schema: later(SCHEMAS[0]?.[1] ?? saying((value) => ({ value }))), clock })
    await store.create({ data: { name: 'Ada' } })
    // Only the one of the guard is left, which looks once more and is not set again.
    await until(() => clock.armed === 1)
    clock.advance(1_000)
    expect(clock.armed).toBe(0)
  })
})

/** Lets everything go on that waits for nothing but its turn. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !isTrue(); turn += 1) await Promise.resolve()
  expect(isTrue()).toBe(true)
}

function raise(error: unknown): never {
  throw error
}

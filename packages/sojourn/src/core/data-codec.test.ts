import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { memory } from '../engines/memory/index.ts'
import { codecWith, HEAD } from './codecs.test-support.ts'
import { createSessionStore } from './create-session-store.ts'
import { misuse } from './misuse.test-support.ts'
import type { StoreOptions } from './options.ts'
import type { Engine } from './port.ts'
import type { SessionStore } from './session-store.ts'
import { TestClock } from './test-clock.test-support.ts'
import { ID_LENGTH } from './token.ts'

interface Old {
  name: string
}
interface New {
  first: string
  last: string
}

const NewShape = z.object({ first: z.string(), last: z.string() })
const SECRET = 'Ada Lovelace'

function upgrade(old: unknown): New {
  const [first = '', last = ''] = z.object({ name: z.string() }).parse(old).name.split(' ')
  return { first, last }
}

const common = { sweep: false, clock: new TestClock() }

async function oldStore(engine: Engine): Promise<SessionStore<Old>> {
  return createSessionStore<Old>({ ...common, engine, initial: () => ({ name: '' }) })
}

async function newStore(
  engine: Engine,
  options: Partial<StoreOptions<New>> = {},
): Promise<SessionStore<New>> {
  const initial = () => ({ first: '', last: '' })
  return createSessionStore<New>({
    ...common,
    engine,
    schema: NewShape,
    version: 2,
    upgrade,
    initial,
    ...options,
  })
}

/** A session that an older release has written. */
async function written(): Promise<{ engine: Engine; token: string; bytes: () => Promise<string> }> {
  const engine = memory()
  const { token } = await (await oldStore(engine)).create({ userId: 'u_1', data: { name: SECRET } })
  const bytes = async (): Promise<string> => {
    const [record] = await engine.read([token.slice(0, ID_LENGTH)])
    return Buffer.from(record?.data ?? []).toString('hex')
  }
  return { engine, token, bytes }
}

describe('data of an older shape', () => {
  test('is upgraded when it is read, and written when it is changed', async () => {
    const { engine, token, bytes } = await written()
    const before = await bytes()
    const store = await newStore(engine)
    expect((await store.read(token))?.data).toEqual({ first: 'Ada', last: 'Lovelace' })
    await store.drain()
    expect(await bytes()).toBe(before)
    const after = await store.update(token, (draft) => (draft.first = 'Augusta'))
    expect(after?.data).toEqual({ first: 'Augusta', last: 'Lovelace' })
    expect(await bytes()).not.toBe(before)
    // Written in the new shape: nobody needs the upgrade any more.
    const { data } = (await (await newStore(engine, { upgrade: () => raise() })).read(token)) ?? {
      data: null,
    }
    expect(data).toEqual({ first: 'Augusta', last: 'Lovelace' })
  })

  test('is handed to the upgrade with its version, open and apart from what is stored', async () => {
    const { engine, token } = await written()
    const seen: unknown[] = []
    const store = await newStore(engine, {
      upgrade: (old, version) => {
        seen.push(structuredClone(old), version)
        return Object.assign(Object(old), { first: 'A', last: 'L' })
      },
    })
    expect((await store.read(token))?.data).toEqual({ first: 'A', last: 'L' })
    expect(seen).toEqual([{ name: SECRET }, 1])
    const session = await store.read(token)
    expect(Object.isFrozen(session?.data)).toBe(true)
  })

  test('may be upgraded asynchronously', async () => {
    const { engine, token } = await written()
    const store = await newStore(engine, { upgrade: async (old) => upgrade(old) })
    expect((await store.read(token))?.data.last).toBe('Lovelace')
    expect((await store.update(token, (draft) => (draft.last = 'King')))?.data.last).toBe('King')
  })

  test('needs no upgrade when it fits the new schema', async () => {
    const engine = memory()
    const { token } = await (await newStore(engine)).create({ data: { first: 'Ada' } })
    const schema = NewShape.extend({ title: z.string().default('Countess') })
    const store = await createSessionStore({ ...common, engine, schema, version: 3 })
    expect((await store.read(token))?.data).toEqual({ first: 'Ada', last: '', title: 'Countess' })
  })

  test.each<[string, Partial<StoreOptions<New>>]>([
    ['the upgrade throws', { upgrade: () => raise() }],
    ['the upgrade rejects', { upgrade: () => Promise.reject(new Error(SECRET)) }],
    ['the upgrade gives nothing', { upgrade: () => undefined }],
    ['the upgrade gives what does not fit', { upgrade: (old) => old }],
    ['the upgrade gives what cannot be stored', { upgrade: () => ({ first: 'A', last: () => 'L' }) }],
    ['there is none, and the data does not fit', { upgrade: () => null }],
    [
      'the schema throws',
      { schema: z.object({ first: z.string(), last: z.string() }).refine(() => raise()) },
    ],
  ])('T61: is an error and no empty session when %s', async (_name, options) => {
    const { engine, token, bytes } = await written()
    const before = await bytes()
    const store = await newStore(engine, options)
    const reading = await store.read(token).catch((error: unknown) => error)
    const updating = await store
      .update(token, (draft) => (draft.first = 'X'))
      .catch((error: unknown) => error)
    for (const error of [reading, updating]) {
      expect(error).toMatchObject({
        code: 'RECORD_UNREADABLE',
        message: expect.stringContaining('Its data has version 1 and could not be upgraded to 2.'),
      })
      const { cause } = z.object({ cause: z.instanceof(Error) }).parse(error)
      expect(`${error} ${cause} ${cause.stack}`).not.toMatch(/Ada|Lovelace/)
    }
    expect(await bytes()).toBe(before)
    // It is still a session that its user can see and end.
    expect(await store.list({ userId: 'u_1' })).toHaveLength(1)
    expect(await store.revoke(token)).toBe(true)
    expect(await store.read(token)).toBeNull()
  })

  test('T61, T82: is an error in time when the upgrade hangs', async () => {
    const clock = new TestClock()
    const bytes = await codecWith().encode({ name: SECRET }, HEAD)
    let hanging = false
    const codec = codecWith({
      clock,
      version: 2,
      upgrade: () => {
        hanging = true
        return new Promise(() => undefined)
      },
    })
    const reading = codec.decode(bytes).catch((error: unknown) => error)
    for (let turn = 0; turn < 100 && !hanging; turn += 1) await Promise.resolve()
    clock.advance(1_000)
    expect(await reading).toMatchObject({ code: 'RECORD_UNREADABLE' })
  })

  test('is upgraded by the same rule when the deploy is undone', async () => {
    const engine = memory()
    const { token } = await (await newStore(engine)).create({ data: { first: 'Ada', last: 'Lovelace' } })
    const versions: number[] = []
    const store = await createSessionStore<Old>({
      ...common,
      engine,
      upgrade: (old, version) => {
        versions.push(version)
        const { first, last } = NewShape.parse(old)
        return { name: `${first} ${last}` }
      },
    })
    expect((await store.read(token))?.data).toEqual({ name: SECRET })
    expect(versions).toEqual([2])
  })
})

test.each([
  ['messagepack', 'json'],
  ['json', 'messagepack'],
] as const)('a store that writes %s passes its sessions on to one that writes %s', async (before, after) => {
  const engine = memory()
  const initial = (): { seen: Map<string, Date> } => ({ seen: new Map() })
  const first = await createSessionStore({ ...common, engine, initial, format: before })
  const { token } = await first.create({ data: { seen: new Map([['/', new Date(5)]]) } })
  const second = await createSessionStore({ ...common, engine, initial, format: after })
  expect((await second.read(token))?.data).toEqual({ seen: new Map([['/', new Date(5)]]) })
  await second.update(token, (draft) => draft.seen.set('/cart', new Date(6)))
  const both = new Map([
    ['/', new Date(5)],
    ['/cart', new Date(6)],
  ])
  expect((await first.read(token))?.data).toEqual({ seen: both })
})

describe('a check of data', () => {
  type Encode = (data: unknown) => Promise<unknown>

  /** Whether a caller who changes the data just after the call gets something unchecked stored. */
  async function isOutwitted(encode: Encode): Promise<boolean> {
    const data = { role: 'guest' }
    const stored = encode(data)
    data.role = 'admin'
    return JSON.stringify(await stored).includes('admin')
  }

  const schema = z.object({ role: z.literal('guest') }).catchall(z.unknown())
  const checked = codecWith({ schema: sameObject(schema) })
  const encode: Encode = async (data) => {
    const bytes = await checked.encode(data, HEAD)
    return (await checked.decode(bytes)).data
  }

  test('is of what is stored, also when the caller goes on changing it', async () => {
    expect(await isOutwitted(encode)).toBe(false)
    expect(await isOutwitted(codecEncode(codecWith()))).toBe(false)
  })

  test('a twin that waits between the check and the copy is outwitted', async () => {
    const twin: Encode = async (data) => {
      schema.parse(data)
      await Promise.resolve()
      return structuredClone(data)
    }
    expect(await isOutwitted(twin)).toBe(true)
  })

  const codecEncode =
    (codec: ReturnType<typeof codecWith>): Encode =>
    async (data) =>
      (await codec.decode(await codec.encode(data, HEAD))).data
})

/** Some libraries give back the very object that they were given. */
function sameObject(schema: z.ZodType) {
  const { validate } = schema['~standard']
  return Object.assign({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => {
        const result = validate(value)
        return 'issues' in result && result.issues ? result : { value }
      },
    },
  })
}

test('a store does not start with a schema that is none', async () => {
  for (const schema of [{}, { parse: () => null }, 'string', { '~standard': { validate: true } }]) {
    const options = { engine: memory(), schema }
    await expect(misuse({ createSessionStore }, 'createSessionStore', options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('schema must be a Standard Schema'),
    })
  }
})

function raise(): never {
  throw new TypeError(SECRET)
}

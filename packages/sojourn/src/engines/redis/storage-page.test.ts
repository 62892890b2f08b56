import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine, UserLimit } from '../../core/port.ts'
import {
  HOUR,
  MINUTE,
  NOW,
  next,
  numbered,
  sample,
  sampleBytes,
  sampleId,
  sampleUser,
} from '../../testing/sample.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { Monitor, type Seen } from './monitor.test-support.ts'
import { freshPrefix, loseIndexEntry } from './redis.test-support.ts'
import { redis } from './redis.ts'
import { SCRIPTS } from './scripts.gen.ts'
import { storedBytes } from './stored.ts'

const PAGE = join(import.meta.dirname, '../../../../../docs/storage/redis.md')
const SECTION = 'The commands, call by call'
const ROW = /^\| (`[a-zU]+`[^|]*) \| ([^|]*) \| ([^|]*) \|$/

let server: RedisServer
let client: OpenClient
beforeAll(async () => {
  server = await startRedis()
  client = await openClient('ioredis', { kind: 'server', at: server })
  for (const { source } of Object.values(SCRIPTS)) await server.cli('SCRIPT', 'LOAD', source)
})
afterAll(async () => {
  client.close()
  await server.stop()
})

type Work = (engine: Engine, prefix: string) => Promise<unknown>
interface Line {
  readonly before?: readonly Work[]
  readonly call: Work
}

const one: UserLimit = { max: 1, whenFull: 'endOldest', replaces: null }
const full: UserLimit = { max: 1, whenFull: 'refuse', replaces: null }
const id = sampleId(1)
const make =
  (number: number, limit: UserLimit | null = null, fields = {}): Work =>
  (engine) =>
    engine.create(numbered(number, fields), limit, NOW)
const change =
  (fields = {}, expected = 1): Work =>
  (engine) =>
    engine.replace(next(sample(), fields), expected, NOW)
const finish: Work = (engine) => engine.end(id, 'logout', NOW)
const cut: Work = (engine) => engine.endUser(sampleUser(), 'admin', NOW + 1, null)
const move: Work = (engine) => engine.touch(id, NOW + 1, NOW + HOUR)
/** The user’s index forgets the session, as only a fault could make it. */
const lose: Work = (_engine, prefix) => loseIndexEntry(client, [prefix, 'u_1', id])
const nobody = { userId: null }

/** For each line of the page: what happens before, and the call that is watched. */
const LINES: Readonly<Record<string, Line>> = {
  '`read` of one': { call: (engine) => engine.read([id]) },
  '`read` of two': { call: (engine) => engine.read([id, sampleId(2)]) },
  '`create`, anonymous': { call: make(1, null, nobody) },
  '`create`, the user’s first': { call: make(1) },
  '`create`, one more': { before: [make(2)], call: make(1) },
  '`create` beyond the limit': { before: [make(2)], call: make(1, one) },
  '`create` that is refused': { before: [make(2)], call: make(1, full) },
  '`create` of an id that exists': { before: [make(1)], call: make(1) },
  '`create` before the user’s cut-off': { before: [cut], call: make(1) },
  '`replace`, anonymous': { before: [make(1, null, nobody)], call: change(nobody) },
  '`replace`': { before: [make(1)], call: change() },
  '`replace` with another absolute deadline': {
    before: [make(1)],
    call: change({ absoluteAt: NOW + 9 * HOUR }),
  },
  '`replace` that is in conflict': { before: [make(1)], call: change({ version: 9 }, 7) },
  '`replace` that is gone': { before: [make(1), finish], call: change() },
  '`touch`, anonymous': { before: [make(1, null, nobody)], call: move },
  '`touch`': { before: [make(1)], call: move },
  '`touch` behind the user’s cut-off': {
    before: [make(1), lose, cut],
    call: move,
  },
  '`touch` of what is absent': { call: move },
  '`end`': { before: [make(1)], call: finish },
  '`end` that is false': { before: [make(1), finish], call: finish },
  '`list` of two': { before: [make(1), make(2)], call: (engine) => engine.list(sampleUser(), NOW) },
  '`endUser`, which ends two': { before: [make(1), make(2)], call: cut },
  '`endUser` that ends nobody': { call: cut },
  '`settle`, forgetting': { before: [make(1), finish], call: (engine) => engine.settle([id], null) },
  '`settle`, keeping': { before: [make(1), finish], call: (engine) => engine.settle([id], NOW + MINUTE) },
  '`due`, which is always empty': { call: (engine) => engine.due(NOW, 10) },
  '`scan` that finds one': { before: [make(1)], call: (engine) => engine.scan(null, 500) },
  '`scan` that finds nothing': { call: (engine) => engine.scan(null, 500) },
}

/** The same with `due: true`. */
const LINES_WITH_DUE: Readonly<Record<string, Line>> = {
  '`create` with `due`': { call: make(1) },
  '`replace` with `due`': { before: [make(1)], call: change() },
  '`replace` with `due` and an earlier deadline': {
    before: [make(1)],
    call: change({ seenAt: NOW + 1, expiresAt: NOW + MINUTE }),
  },
  '`touch` with `due`': { before: [make(1)], call: move },
  '`end` with `due`': { before: [make(1)], call: finish },
  '`endUser` with `due`, which ends one': { before: [make(1)], call: cut },
  '`due` with `due`, which leases one': { before: [make(1), finish], call: (engine) => engine.due(NOW, 10) },
  '`due` with `due`, which ends one that has expired': {
    before: [make(1)],
    call: (engine) => engine.due(NOW + 24 * HOUR, 10),
  },
  '`settle` with `due`, forgetting': {
    before: [make(1), finish],
    call: (engine) => engine.settle([id], null),
  },
  '`settle` with `due`, keeping': {
    before: [make(1), finish],
    call: (engine) => engine.settle([id], NOW + MINUTE),
  },
}

/** What was sent and what scripts called, with keys by their letters; the same twice in a row is counted. */
async function played({ before = [], call }: Line, due: boolean): Promise<string> {
  const prefix = freshPrefix()
  const engine = await redis({ client: client.driver, prefix, due })
  for (const work of before) await work(engine, prefix)
  await using monitor = await Monitor.on(server)
  const seen = await monitor.during(() => call(engine, prefix))
  const [sent, inside] = [false, true].map((isInScript) =>
    counted(seen.filter((each) => each.isInScript === isInScript).map(shown)),
  )
  return `${sent} | ${inside}`
}

const SEVERAL_KEYS = ['EXISTS', 'UNLINK', 'MGET']
const WITHOUT_KEYS = ['INFO', 'SCAN']

function shown({ name, args, isInScript }: Seen): string {
  if (WITHOUT_KEYS.includes(name)) return name
  if (isInScript && !SEVERAL_KEYS.includes(name)) return `${name} ${letterOf(args[0])}`
  if (name !== 'EVALSHA') return `${name} ${args.map(letterOf).join(' ')}`
  const script = Object.values(SCRIPTS).find(({ sha1 }) => sha1 === args[0])
  const keys = [...new Set(args.slice(2, 2 + Number(args[1])).map(letterOf))]
  return `EVALSHA ${script?.name} ${keys.join(' ')}`
}

/** The letter of a key, or its name where it has none; an apostrophe for another session's record. */
function letterOf(key = ''): string {
  const [, rest = ''] = key.split('}:')
  if (rest.startsWith('s:?')) return 's…'
  if (rest.startsWith('s:')) return rest === `s:${id}` ? 's' : 's’'
  return rest === 'due' || rest === 'none' ? rest : rest.slice(0, 1)
}

function counted(commands: readonly string[]): string {
  const runs: { readonly text: string; times: number }[] = []
  for (const text of commands) {
    const last = runs.at(-1)
    if (last?.text === text) last.times += 1
    else runs.push({ text, times: 1 })
  }
  if (runs.length === 0) return '–'
  return runs.map(({ text, times }) => `\`${text}\`${times > 1 ? ` × ${times}` : ''}`).join(' ')
}

/** What the page says of each line. */
function pageLines(): Map<string, string> {
  const parts = readFileSync(PAGE, 'utf8').split(/^## /m)
  const section = parts.find((part) => part.startsWith(SECTION)) ?? ''
  const rows = section.split('\n').flatMap((line) => {
    const [, name, sent, inside] = ROW.exec(line.replaceAll("'", '’')) ?? []
    return name === undefined ? [] : [[name, `${sent} | ${inside}`] as const]
  })
  return new Map(rows)
}

test('docs/storage/redis.md names each call that is played here, and no other', () => {
  expect([...pageLines().keys()]).toEqual([...Object.keys(LINES), ...Object.keys(LINES_WITH_DUE)])
})

describe('docs/storage/redis.md says what is sent, and what is called inside, by', () => {
  test.each(Object.entries(LINES))('%s', async (name, line) => {
    expect(await played(line, false)).toBe(pageLines().get(name))
  })

  test.each(Object.entries(LINES_WITH_DUE))('%s', async (name, line) => {
    expect(await played(line, true)).toBe(pageLines().get(name))
  })
})

describe('docs/storage/redis.md says where in a record lies', () => {
  const record = sample({
    createdAt: NOW - 4,
    expiresAt: NOW + 5,
    absoluteAt: NOW + 6,
    authenticatedAt: NOW - 1,
    userId: 'u_1',
    previous: { digest: sampleBytes(32, 7), sealed: sampleBytes(44), graceEndsAt: NOW + 1 },
    retired: [{ digest: sampleBytes(8), reuseFrom: NOW }],
  })
  /** By the words of the page; what is read there, and what it must be. */
  const FIELDS: Readonly<
    Record<string, readonly [read: (bytes: Buffer, at: number) => unknown, value: unknown]>
  > = {
    'u8 format': [(bytes, at) => bytes[at], 1],
    'u8 state': [(bytes, at) => bytes[at], 0],
    'u32 version': [(bytes, at) => bytes.readUInt32BE(at), 1],
    'u48 createdAt': [(bytes, at) => bytes.readUIntBE(at, 6), NOW - 4],
    'u48 seenAt': [(bytes, at) => bytes.readUIntBE(at, 6), NOW],
    'u48 expiresAt': [(bytes, at) => bytes.readUIntBE(at, 6), NOW + 5],
    'u48 absoluteAt': [(bytes, at) => bytes.readUIntBE(at, 6), NOW + 6],
    'u48 authenticatedAt': [(bytes, at) => bytes.readUIntBE(at, 6), NOW - 1],
    'u48 ended at': [(bytes, at) => bytes.readUIntBE(at, 6), 0],
    'u8 flags': [(bytes, at) => bytes[at], 7],
    'u8 length of user id': [(bytes, at) => bytes[at], 3],
    'u8 length of the sealed successor': [(bytes, at) => bytes[at], 44],
    'u8 number of retired secrets': [(bytes, at) => bytes[at], 1],
    'u32 length of data': [(bytes, at) => bytes.readUInt32BE(at), 300],
    '32 bytes digest': [(bytes, at) => bytes.subarray(at, at + 32), Buffer.from(sampleBytes(32))],
    'user id': [(bytes, at) => bytes.toString('utf8', at, at + 3), 'u_1'],
  }

  test.each(Object.entries(FIELDS))('%s', (name, [read, value]) => {
    const [, offset = 'not on the page'] =
      new RegExp(`\\| (\\d+) \\| ${name}`).exec(readFileSync(PAGE, 'utf8')) ?? []
    expect(read(storedBytes(record, 1), Number(offset))).toEqual(value)
  })
})

import { type RedisServer, startRedis, until } from 'sojourn-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LIFETIME_CEILING_MS, type UserLimit } from '../../core/port.ts'
import { DAY, HOUR, MINUTE, next, sample, sampleId, sampleUser } from '../../testing/sample.ts'
import { Keys } from './keys.ts'
import { type Twice, twice } from './twice.test-support.ts'

let server: RedisServer
let store: Twice
beforeAll(async () => {
  server = await startRedis()
})
afterAll(async () => {
  store.close()
  await server.stop()
})

const SECOND = 1_000
const RETENTION = 30 * DAY
const INDEX = new Keys('').index('Ab', 'u_1').key.slice(1)

/** A record that was created just now, by the clock on the wall. */
function fresh(number: number, overrides: object = {}) {
  const now = Date.now()
  const times = { createdAt: now, seenAt: now, expiresAt: now + 30 * MINUTE, absoluteAt: now + 8 * HOUR }
  return sample({ id: sampleId(number), ...times, ...overrides })
}

/** When the key that ends so leaves; null when there is none. */
async function leavesAt(end: string): Promise<unknown> {
  const found = [...(await store.stored())].find(([key]) => key.endsWith(end))
  return found === undefined ? null : found[1].leavesAt
}

async function names(): Promise<string[]> {
  return [...(await store.stored()).keys()].map((key) => key.replace(/^.*\}:/, '')).sort()
}

describe.each([false, true])('with due: %s', (due) => {
  const more = due ? RETENTION : 0
  beforeEach(async () => {
    store?.close()
    store = await twice(server, { due })
  })

  test('a live record leaves a minute after its deadline, wherever a touch or replace moves it', async () => {
    const record = fresh(1)
    const { id, createdAt, expiresAt } = record
    await store.engine.create(record, null, createdAt)
    expect(await leavesAt(id)).toBe(expiresAt + MINUTE + more)
    await store.engine.touch(id, createdAt + 1, expiresAt + 5 * SECOND)
    expect(await leavesAt(id)).toBe(expiresAt + 5 * SECOND + MINUTE + more)
    const shorter = next(record, { seenAt: createdAt + 2, expiresAt: expiresAt - MINUTE })
    await store.engine.replace(shorter, 1, createdAt + 2)
    expect(await leavesAt(id)).toBe(expiresAt + more)
  })

  test('a tombstone leaves eleven minutes after the end, however it ended', async () => {
    const records = [fresh(1), fresh(2), fresh(3), fresh(4)]
    const at = Date.now()
    for (const record of records) await store.engine.create(record, null, at)
    const one: UserLimit = { max: 3, whenFull: 'endOldest', replaces: null }
    await store.engine.end(sampleId(1), 'logout', at)
    await store.engine.create(fresh(5), one, at)
    await store.engine.endUser(sampleUser(), 'admin', at, sampleId(5))
    const instants = await Promise.all([1, 2, 3, 4].map((number) => leavesAt(sampleId(number))))
    expect(instants).toEqual(Array(4).fill(at + 11 * MINUTE + more))
    await store.engine.settle([sampleId(1)], at + HOUR)
    expect(await leavesAt(sampleId(1))).toBe(at + HOUR + MINUTE + more)
    await store.engine.settle([sampleId(2)], null)
    expect(await leavesAt(sampleId(2))).toBeNull()
  })

  test('an index leaves within a day after the last of its sessions, and 400 days after a cut-off', async () => {
    const [first, last] = [fresh(1), fresh(2, { absoluteAt: Date.now() + 9 * HOUR })]
    await store.engine.create(last, null, first.createdAt)
    const leaves = last.absoluteAt + MINUTE + more + DAY
    expect(await leavesAt(INDEX)).toBe(leaves)
    await store.engine.create(first, null, first.createdAt)
    expect(await leavesAt(INDEX)).toBe(leaves)
    const long = { absoluteAt: leaves }
    await store.engine.replace(next(last, long), 1, first.createdAt)
    expect(await leavesAt(INDEX)).toBe(leaves + MINUTE + more + DAY)
    await store.engine.endUser(sampleUser(), 'admin', first.createdAt, last.id)
    expect(await leavesAt(INDEX)).toBe(first.createdAt + LIFETIME_CEILING_MS + DAY)
  })

  test('what a call answered leaves after a minute', async () => {
    await store.engine.create(fresh(1), null, Date.now())
    await store.engine.endUser(sampleUser(), 'admin', Date.now(), null)
    const name = [...(await store.stored()).keys()].find((key) => key.includes('}:a:')) ?? ''
    const left = Number(await server.cli('PTTL', name))
    expect([left > 50 * SECOND, left <= MINUTE]).toEqual([true, true])
  })

  test('nothing that is stored stays for ever', async () => {
    await store.engine.create(fresh(1), null, Date.now())
    await store.engine.create(fresh(2, { userId: null }), null, Date.now())
    await store.engine.endUser(sampleUser(), 'admin', Date.now(), null)
    const kept = [...(await store.stored())].filter(([, { leavesAt: instant }]) => instant === -1)
    expect(kept.map(([key]) => key.replace(/^.*\}:/, ''))).toEqual(due ? ['due'] : [])
  })
})

describe('by the server’s own clock', () => {
  /** Expired, and about to leave: a minute after its deadline is in a moment. */
  const leaving = (number: number) => {
    const expiresAt = Date.now() - MINUTE + 300
    const createdAt = expiresAt - HOUR
    return fresh(number, { createdAt, seenAt: createdAt, expiresAt, absoluteAt: expiresAt })
  }
  const isGone = (end: string) =>
    until(`${end} leaves`, async () => ((await leavesAt(end)) === null ? true : null), 5_000)

  beforeEach(async () => {
    store?.close()
    store = await twice(server)
  })

  test('a record that has left is absent to every verb, and no touch brings it back', async () => {
    const record = leaving(1)
    await store.engine.create(record, null, record.createdAt)
    await isGone(record.id)
    expect(await store.engine.touch(record.id, record.createdAt + 1, Date.now() + HOUR)).toBe(false)
    expect(await store.engine.replace(next(record), 1, record.createdAt)).toEqual({ outcome: 'gone' })
    expect(await store.engine.end(record.id, 'logout', record.createdAt)).toBe(false)
    expect(await store.engine.read([record.id])).toEqual([null])
    expect(await store.engine.list(sampleUser(), record.createdAt)).toEqual([])
    expect(await names()).not.toContain(`s:${record.id}`)
  })

  test('what ended longer ago than a tombstone stays is absent at once, however it ended', async () => {
    const at = Date.now() - 20 * MINUTE
    const [one, two, three] = [1, 2, 3].map((number) => fresh(number, { createdAt: at - HOUR }))
    if (!one || !two || !three) throw new Error('There are three.')
    for (const record of [one, two, three]) await store.engine.create(record, null, at)
    await store.loseIndexEntry(one.id)
    expect(await store.engine.end(two.id, 'logout', at)).toBe(true)
    expect(await store.engine.endUser(sampleUser(), 'admin', at, null)).toEqual([three.id])
    expect(await store.engine.touch(one.id, Date.now(), Date.now() + HOUR)).toBe(false)
    expect(await store.engine.read([one.id, two.id, three.id])).toEqual([null, null, null])
    expect((await names()).filter((name) => !name.startsWith('a:'))).toEqual([INDEX.replace(/^.*\}:/, '')])
  })

  test('an index whose last session has left a day ago leaves no trace', async () => {
    const expiresAt = Date.now() - DAY - MINUTE + 300
    const createdAt = expiresAt - HOUR
    const record = fresh(1, { createdAt, seenAt: createdAt, expiresAt, absoluteAt: expiresAt })
    await store.engine.create(record, null, createdAt)
    await isGone(record.id)
    await isGone(INDEX)
    expect(await names()).toEqual([])
  })

  test('an index forgets a session that has left at a log-in before it, whoever’s', async () => {
    const [old, young] = [leaving(5), fresh(6)]
    await store.engine.create(old, null, old.createdAt)
    await store.engine.create(young, null, young.createdAt)
    await isGone(old.id)
    expect(await store.indexed()).toEqual([old.id, young.id])
    await store.engine.create(fresh(4), null, Date.now())
    expect(await store.indexed()).toEqual([sampleId(4), young.id])
  })

  test('the index of a user who is at the limit forgets all that have left, also with time to their absolute deadline', async () => {
    const olds = [1, 2, 3].map((number) => ({ ...leaving(number), absoluteAt: Date.now() + HOUR }))
    for (const old of olds) await store.engine.create(old, null, old.createdAt)
    await store.engine.create(fresh(4), null, Date.now())
    for (const old of olds) await isGone(old.id)
    const full: UserLimit = { max: 1, whenFull: 'refuse', replaces: null }
    expect(await store.engine.create(fresh(5), full, Date.now())).toEqual({ outcome: 'full' })
    expect(await store.indexed()).toEqual([sampleId(4)])
  })

  test('a tombstone that has left is no longer in the way of a new session', async () => {
    const at = Date.now() - 11 * MINUTE + 300
    const record = fresh(1, { createdAt: at - HOUR, seenAt: at - HOUR })
    await store.engine.create(record, null, at)
    await store.engine.end(record.id, 'logout', at)
    expect(await store.engine.create(record, null, at)).toEqual({ outcome: 'exists' })
    await isGone(record.id)
    expect(await store.engine.replace(next(record), 1, at)).toEqual({ outcome: 'gone' })
    expect(await store.engine.create(record, null, at)).toEqual({ outcome: 'done', ended: [] })
  })
})

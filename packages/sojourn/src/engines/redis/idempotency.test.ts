import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { UserLimit } from '../../core/port.ts'
import { isStored } from '../../testing/claims.ts'
import { MINUTE, NOW, next, numbered, sample, sampleId, sampleUser } from '../../testing/sample.ts'
import { type Twice, twice } from './twice.test-support.ts'

let server: RedisServer
const opened: Twice[] = []
beforeAll(async () => {
  server = await startRedis()
})
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})
afterAll(() => server.stop())

/** An engine whose writes can be sent again, and another one beside it. */
async function open(options: { readonly due?: boolean } = {}): Promise<Twice> {
  const one = await twice(server, options)
  opened.push(one)
  return one
}

const one: UserLimit = { max: 1, whenFull: 'endOldest', replaces: null }
const DONE = { outcome: 'done' }

describe.each([false, true])('T97: with due: %s, sent twice in a row', (due) => {
  test('a create is applied once and names whom it ended again', async () => {
    const { engine, again, stored } = await open({ due })
    await engine.create(numbered(1), null, NOW)
    const created = { outcome: 'done', ended: [sampleId(1)] }
    expect(await engine.create(numbered(2, { createdAt: NOW + 1 }), one, NOW + 1)).toEqual(created)
    const before = await stored()
    expect(await again()).toEqual(Buffer.from(sampleId(1)))
    expect(await stored()).toEqual(before)
  })

  test('a create that ended nobody is done again', async () => {
    const { engine, again, stored } = await open({ due })
    await engine.create(sample({ userId: null }), null, NOW)
    const before = await stored()
    expect(await again()).toEqual(Buffer.alloc(0))
    expect(await stored()).toEqual(before)
  })

  test('a replace is done again, and changes nothing', async () => {
    const { engine, again, stored } = await open({ due })
    await engine.create(sample(), null, NOW)
    expect(await engine.replace(next(sample()), 1, NOW + 1)).toEqual(DONE)
    const before = await stored()
    expect(await again()).toBe(2)
    expect(await stored()).toEqual(before)
  })

  test('an end is true again, and changes nothing', async () => {
    const { engine, again, stored } = await open({ due })
    await engine.create(sample(), null, NOW)
    expect(await engine.end(sampleId(1), 'logout', NOW + 1)).toBe(true)
    const before = await stored()
    expect(await again()).toBe(1)
    expect(await stored()).toEqual(before)
  })

  test('an endUser names the same sessions again', async () => {
    const { engine, again, stored } = await open({ due })
    for (const number of [1, 2, 3]) await engine.create(numbered(number), null, NOW)
    const ended = await engine.endUser(sampleUser(), 'admin', NOW + 1, sampleId(2))
    expect(ended).toEqual([sampleId(1), sampleId(3)])
    const before = await stored()
    expect(await again()).toEqual(Buffer.from(ended.join('')))
    expect(await stored()).toEqual(before)
  })

  test('a touch is true again, and a settle leaves what it left', async () => {
    const { engine, again, stored } = await open({ due })
    await engine.create(sample(), null, NOW)
    expect(await engine.touch(sampleId(1), NOW + 1, NOW + 40 * MINUTE)).toBe(true)
    const touched = await stored()
    expect(await again()).toBe(1)
    expect(await stored()).toEqual(touched)
    await engine.end(sampleId(1), 'logout', NOW + 2)
    await engine.settle([sampleId(1)], NOW + MINUTE)
    const settled = await stored()
    await again()
    expect(await stored()).toEqual(settled)
  })
})

describe('T97: sent again after somebody else’s write', () => {
  test('a replace is done, also when up to three others have replaced since', async () => {
    for (const others of [1, 2, 3]) {
      const { engine, other, again } = await open()
      await engine.create(sample(), null, NOW)
      let record = next(sample())
      await engine.replace(record, 1, NOW)
      for (let turn = 0; turn < others; turn += 1) {
        await other.replace(next(record), record.version, NOW)
        record = next(record)
      }
      expect(await again()).toBe(2)
      await isStored(engine, record, 'the replace that was sent again changed what is stored')
    }
  })

  test('a replace behind four others is a conflict: what became of it is no longer known', async () => {
    const { engine, other, again } = await open()
    await engine.create(sample(), null, NOW)
    let record = next(sample())
    await engine.replace(record, 1, NOW)
    for (let turn = 0; turn < 4; turn += 1) {
      await other.replace(next(record), record.version, NOW)
      record = next(record)
    }
    expect(await again()).toBeInstanceOf(Buffer)
  })

  test('a replace that lost is a conflict again', async () => {
    const { engine, other, again } = await open()
    await engine.create(sample(), null, NOW)
    await other.replace(next(sample()), 1, NOW)
    expect(await engine.replace(next(sample()), 1, NOW)).toMatchObject({ outcome: 'conflict' })
    expect(await again()).toBeInstanceOf(Buffer)
  })

  test('a replace of a session that has ended since is gone', async () => {
    const { engine, other, again } = await open()
    await engine.create(sample(), null, NOW)
    await engine.replace(next(sample()), 1, NOW)
    await other.end(sampleId(1), 'logout', NOW)
    expect(await again()).toBe(0)
  })

  test('a create whose session was touched since is done; one that was replaced or ended since exists', async () => {
    const { engine, other, again } = await open()
    await engine.create(sample(), null, NOW)
    await other.touch(sampleId(1), NOW + 1, NOW + 40 * MINUTE)
    expect(await again()).toEqual(Buffer.alloc(0))
    await other.replace(next(sample()), 1, NOW)
    expect(await again()).toBe(1)
    await other.end(sampleId(1), 'logout', NOW)
    expect(await again()).toBe(1)
  })

  test('an end is true also when another end came after it, and false once it was forgotten', async () => {
    const { engine, other, again } = await open()
    await engine.create(sample(), null, NOW)
    expect(await engine.end(sampleId(1), 'logout', NOW + 1)).toBe(true)
    expect(await other.end(sampleId(1), 'admin', NOW + 2)).toBe(false)
    expect(await again()).toBe(1)
    await other.settle([sampleId(1)], NOW + MINUTE)
    expect(await again()).toBe(1)
    await other.settle([sampleId(1)], null)
    expect(await again()).toBe(0)
  })

  test('an endUser that ended somebody leaves a log-in since alone', async () => {
    const { engine, other, again } = await open()
    await engine.create(numbered(1), null, NOW)
    expect(await engine.endUser(sampleUser(), 'admin', NOW + 1, null)).toEqual([sampleId(1)])
    await other.create(numbered(2, { createdAt: NOW + 2 }), null, NOW + 2)
    expect(await again()).toEqual(Buffer.from(sampleId(1)))
    expect((await engine.list(sampleUser(), NOW + 2)).map(({ id }) => id)).toEqual([sampleId(2)])
  })

  test('an endUser that ended nobody ends a log-in since: it counts from then', async () => {
    const { engine, other, again } = await open()
    expect(await engine.endUser(sampleUser(), 'admin', NOW + 1, null)).toEqual([])
    await other.create(numbered(2, { createdAt: NOW + 2 }), null, NOW + 2)
    expect(await again()).toEqual(Buffer.from(sampleId(2)))
  })

  test('a touch of a session that has ended since is false', async () => {
    const { engine, other, again } = await open()
    await engine.create(sample(), null, NOW)
    await engine.touch(sampleId(1), NOW + 1, NOW + 40 * MINUTE)
    await other.end(sampleId(1), 'logout', NOW + 2)
    expect(await again()).toBe(0)
  })
})

describe('T97: a replace whose reply was lost, and which is sent again by the engine,', () => {
  /** What the caller is told when so many others wrote before it was sent again. */
  async function told(isApplied: boolean, others: number): Promise<unknown> {
    const { engine, other, loseReply } = await open()
    await engine.create(sample(), null, NOW)
    loseReply(isApplied, async () => {
      let record = isApplied ? next(sample()) : sample()
      for (let turn = 0; turn < others; turn += 1) {
        await other.replace(next(record), record.version, NOW)
        record = next(record)
      }
    })
    return engine.replace(next(sample()), 1, NOW).then(
      ({ outcome }) => outcome,
      (error) => error.code,
    )
  }

  test('is done when it was applied, and its outcome is unknown behind four others', async () => {
    const answers = await Promise.all([0, 1, 3, 4].map((others) => told(true, others)))
    expect(answers).toEqual(['done', 'done', 'done', 'OUTCOME_UNKNOWN'])
  })

  test('is in conflict when another was applied, and its outcome is unknown behind five', async () => {
    const answers = await Promise.all([0, 1, 4, 5].map((others) => told(false, others)))
    expect(answers).toEqual(['done', 'conflict', 'conflict', 'OUTCOME_UNKNOWN'])
  })
})

import { type RedisServer, startProxy, startRedis, type TcpProxy } from 'sojourn-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Engine } from '../../core/port.ts'
import { MINUTE, NOW, next, numbered, sample, sampleId, sampleUser } from '../../testing/sample.ts'
import { clientOf } from './driver.ts'
import { Opening, openClient, outcomeOf, placeOf, recovered, timed, WAYS } from './fault.test-support.ts'
import { ForgetfulClient } from './fault-twins.test-support.ts'
import { RedisEngine } from './redis-engine.ts'
import { checkOptions } from './redis-options.ts'

let server: RedisServer
let proxy: TcpProxy
let opening: Opening
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.cli('FLUSHALL')
  proxy = await startProxy({ to: server })
  opening = new Opening()
})
afterEach(async () => {
  await proxy.heal()
  await opening.close()
  await proxy.stop()
})

const LIMIT_MS = 1_000

interface Counter {
  n: number
}

function countUp(draft: Counter): void {
  draft.n += 1
}

function setOne(draft: Counter): void {
  draft.n = 1
}

describe.each(WAYS)('%s, a connection cut after the request was sent', (client) => {
  /** Cuts it once, when the text of a command has reached the server. */
  async function cutting<T>(holding: string, call: () => Promise<T>): Promise<T> {
    const cut = proxy.cutAfterRequest(holding)
    const answer = await call()
    await cut
    return answer
  }

  test('T97: a create is applied once, and tells whom it ended', async () => {
    const engine = await opening.engine(client, placeOf(proxy))
    const [first, second] = [numbered(1), numbered(2, { createdAt: NOW + 1 })]
    const limit = { max: 1, whenFull: 'endOldest', replaces: null } as const
    expect(await cutting(first.id, () => engine.create(first, limit, NOW))).toEqual({
      outcome: 'done',
      ended: [],
    })
    const created = await cutting(second.id, () => engine.create(second, limit, NOW + 1))
    expect(created).toEqual({ outcome: 'done', ended: [first.id] })
    expect((await engine.list(sampleUser(), NOW + 2)).map(({ id }) => id)).toEqual([second.id])
    expect(await engine.create(second, limit, NOW + 1)).toEqual({ outcome: 'exists' })
  })

  test('T97: a replace is applied once: a count goes up by one', async () => {
    const engine = await opening.engine(client, placeOf(proxy))
    const record = sample()
    await engine.create(record, null, NOW)
    expect(await cutting(record.id, () => engine.replace(next(record), 1, NOW))).toEqual({ outcome: 'done' })
    expect(await engine.read([record.id])).toMatchObject([{ version: 2 }])
    const conflict = await cutting(record.id, () => engine.replace(next(record), 1, NOW))
    expect(conflict).toMatchObject({ outcome: 'conflict', current: { version: 2 } })
  })

  test('T97: an end and an endUser say what they ended, although the answer is the second one', async () => {
    const engine = await opening.engine(client, placeOf(proxy))
    for (const number of [1, 2, 3]) await engine.create(numbered(number), null, NOW)
    expect(await cutting(sampleId(1), () => engine.end(sampleId(1), 'logout', NOW + 1))).toBe(true)
    expect(await cutting(sampleId(1), () => engine.end(sampleId(1), 'admin', NOW + 2))).toBe(false)
    const ended = await cutting('EVALSHA', () =>
      engine.endUser(sampleUser(), 'revoked', NOW + 3, sampleId(3)),
    )
    expect(ended).toEqual([sampleId(2)])
    const records = await engine.read([1, 2, 3].map((number) => sampleId(number)))
    expect(records.map((record) => record?.ended?.reason ?? null)).toEqual(['logout', 'revoked', null])
  })

  test('a store counts each recipe once, and its rotation gives a token that works', async () => {
    const engine = await opening.engine(client, placeOf(proxy))
    const store = await opening.store<Counter>(engine, { initial: () => ({ n: 0 }) })
    const { token, session } = await store.create({ userId: 'u_1' })
    for (let turn = 0; turn < 5; turn += 1) {
      await cutting('EVALSHA', () => store.update(token, countUp))
    }
    expect((await store.read(token))?.data).toEqual({ n: 5 })
    const rotated = await cutting('EVALSHA', () => store.rotate(token, { grace: false }))
    expect(await store.read(token)).toBeNull()
    expect((await store.read(rotated?.token ?? ''))?.id).toBe(session.id)
    expect(await cutting('EVALSHA', () => store.revoke(rotated?.token ?? ''))).toBe(true)
    expect(await store.read(rotated?.token ?? '')).toBeNull()
  })

  test('T97: cut again and again, the outcome is unknown, and what is stored is either state', async () => {
    const engine = await opening.engine(client, placeOf(proxy))
    const store = await opening.store<Counter>(engine, { initial: () => ({ n: 0 }) })
    const { token } = await store.create()
    let isCutting = true
    const cuts = (async () => {
      while (isCutting)
        await Promise.race([proxy.cutAfterRequest('EVALSHA'), new Promise((end) => setTimeout(end, 100))])
    })()
    const outcome = await outcomeOf(store.update(token, countUp))
    isCutting = false
    await cuts
    await proxy.heal()
    expect(['done', 'OUTCOME_UNKNOWN']).toContain(outcome)
    expect((await store.read(token))?.data).toEqual({ n: 1 })
  })
})

describe.each(WAYS)('%s, a network that loses and delays replies', (client) => {
  test('dropped replies: each call answers within its limit, and what was written is seen after', async () => {
    const engine = await opening.engine(client, placeOf(proxy))
    const store = await opening.store<Counter>(engine, { initial: () => ({ n: 0 }) })
    const { token, session } = await store.create({ userId: 'u_1' })
    proxy.dropReplies(true)
    const calls = [
      () => store.read(token),
      () => store.update(session, setOne),
      () => store.update(token, setOne),
      () => store.create({ userId: 'u_2' }),
      () => store.revokeUser('u_3'),
      () => store.list({ userId: 'u_1' }),
    ]
    const ended = await Promise.all(calls.map(timed))
    for (const { ms } of ended) expect(ms).toBeLessThan(LIMIT_MS + 200)
    expect(ended.map(({ outcome }) => outcome)).toEqual([
      'ENGINE_UNAVAILABLE',
      'OUTCOME_UNKNOWN',
      'ENGINE_UNAVAILABLE',
      'OUTCOME_UNKNOWN',
      'OUTCOME_UNKNOWN',
      'ENGINE_UNAVAILABLE',
    ])
    await proxy.heal()
    await recovered(() => store.read(token))
    expect((await store.read(token))?.data).toEqual({ n: 1 })
  })

  test('half-closed connections are given up, and calls go on', async () => {
    const engine = await opening.engine(client, placeOf(proxy))
    const record = sample()
    await engine.create(record, null, NOW)
    for (let turn = 0; turn < 5; turn += 1) {
      const before = Promise.all([
        engine.read([record.id]),
        engine.touch(record.id, NOW + turn, NOW + MINUTE),
      ])
      proxy.halfClose()
      const after = Promise.all([engine.read([record.id]), engine.touch(record.id, NOW + turn, NOW + MINUTE)])
      for (const [[read], touched] of await Promise.all([before, after])) {
        expect(read?.id).toBe(record.id)
        expect(touched).toBe(true)
      }
    }
  })

  test('T78: a late reply reaches nobody but its caller', async () => {
    const engine = await opening.engine(client, placeOf(proxy))
    const store = await opening.store(engine, { timeout: '100ms' })
    const tokens = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => (await store.create({ data: { index } })).token),
    )
    let late = 0
    for (let round = 0; round < 10; round += 1) {
      // Now shorter than the limit, now longer.
      proxy.delay(round % 2 === 0 ? 60 : 1)
      const reads = tokens.map(async (token, index) => {
        const session = await store.read(token, { touch: false }).catch(() => null)
        if (session === null) late += 1
        else expect(session.data).toEqual({ index })
      })
      if (round % 5 === 4) proxy.cut()
      await Promise.all(reads)
    }
    expect(late).toBeGreaterThan(50)
    expect(late).toBeLessThan(10 * 50)
  })
})

describe('an engine that sends again under another write id', () => {
  async function forgetfulEngine(): Promise<Engine> {
    const { driver, close } = openClient('node-redis', placeOf(proxy))
    opening.also(close)
    const options = checkOptions({ client: driver })
    return new RedisEngine(new ForgetfulClient(clientOf(driver)), options, false)
  }

  test('counts a recipe twice', async () => {
    const store = await opening.store<Counter>(await forgetfulEngine(), { initial: () => ({ n: 0 }) })
    const { token } = await store.create()
    const cut = proxy.cutAfterRequest('EVALSHA')
    await store.update(token, countUp)
    await cut
    expect((await store.read(token))?.data).toEqual({ n: 2 })
  })

  test('does not know its own create and its own end again', async () => {
    const engine = await forgetfulEngine()
    await Promise.all([
      proxy.cutAfterRequest('EVALSHA'),
      expect(engine.create(sample(), null, NOW)).resolves.toEqual({ outcome: 'exists' }),
    ])
    await Promise.all([
      proxy.cutAfterRequest('EVALSHA'),
      expect(engine.end(sample().id, 'logout', NOW + 1)).resolves.toBe(false),
    ])
  })
})

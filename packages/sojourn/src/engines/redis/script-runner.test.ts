import { ReplyError } from 'ioredis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Engine } from '../../core/port.ts'
import { NOW, next, numbered, sample, sampleId, sampleUser } from '../../testing/sample.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { clientOf } from './driver.ts'
import { NotSent, type Silence } from './failures.ts'
import { failureOfCall } from './fault.test-support.ts'
import { Monitor } from './monitor.test-support.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'
import { ScriptRunner, type Sender } from './script-runner.ts'
import { SCRIPTS } from './scripts.gen.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

describe.each(['ioredis', 'node-redis'] as const)('a server that lost its scripts, over %s,', (name) => {
  let client: OpenClient
  let engine: Engine
  beforeAll(async () => {
    client = await openClient(name, { kind: 'server', at: server })
  })
  afterAll(() => client.close())
  beforeEach(async () => {
    engine = await redis({ client: client.driver, prefix: freshPrefix(), due: true })
    await engine.create(sample(), null, NOW)
  })

  test('gets the one that is needed, and runs it', async () => {
    await server.cli('SCRIPT', 'FLUSH')
    await using monitor = await Monitor.on(server)
    const seen = await monitor.during(() => engine.touch(sampleId(1), NOW + 1, NOW + 2))
    const sent = seen.filter(({ isInScript }) => !isInScript)
    expect(sent.map(({ name: word, args }) => (word === 'SCRIPT' ? args[0] : word))).toEqual([
      'EVALSHA',
      'LOAD',
      'EVALSHA',
    ])
  })

  test('gets it once for all who wait for it', async () => {
    await server.cli('SCRIPT', 'FLUSH')
    await using monitor = await Monitor.on(server)
    const seen = await monitor.during(() =>
      Promise.all(Array.from({ length: 100 }, (_, index) => engine.touch(sampleId(1), NOW + index, NOW + 9))),
    )
    expect(seen.filter(({ name: word }) => word === 'SCRIPT')).toHaveLength(1)
  })

  test('serves every verb', async () => {
    const verbs = [
      () => engine.create(numbered(2), null, NOW),
      () => engine.replace(next(sample()), 1, NOW),
      () => engine.touch(sampleId(1), NOW + 1, NOW + 2),
      () => engine.list(sampleUser(), NOW),
      () => engine.end(sampleId(1), 'logout', NOW),
      () => engine.due(NOW + 1, 10),
      () => engine.settle([sampleId(1)], null),
      () => engine.endUser(sampleUser(), 'admin', NOW, null),
    ]
    for (const verb of verbs) {
      await server.cli('SCRIPT', 'FLUSH')
      await expect(verb()).resolves.not.toBe(false)
    }
    expect(await engine.list(sampleUser(), NOW)).toEqual([])
  })

  test('loses nothing under load, whenever it loses them', async () => {
    const outcomes: string[] = []
    for (let round = 0; round < 20; round += 1) {
      const creates = Array.from({ length: 25 }, (_, index) =>
        engine.create(numbered(1_000 + round * 25 + index), null, NOW),
      )
      await server.cli('SCRIPT', 'FLUSH')
      outcomes.push(...(await Promise.all(creates)).map(({ outcome }) => outcome))
    }
    expect(outcomes).toEqual(Array(500).fill('done'))
    expect(await engine.list(sampleUser(), NOW)).toHaveLength(501)
  })
})

describe('a call that is sent again, and refused then,', () => {
  const call = { script: SCRIPTS.touch, keys: ['k'], args: ['1', '1', '1', '0'] } as const
  /** Each sending fails otherwise. */
  const failing = (...failures: Error[]): Sender => ({
    send: () => Promise.reject(failures.shift() ?? new Error('It was sent too often.')),
  })
  const codeOf = async (silence: Silence, ...failures: Error[]) => {
    const { driver, close } = await openClient('ioredis', { kind: 'server', at: server })
    const run = new ScriptRunner(clientOf(driver), 'scripts').run(failing(...failures), { ...call, silence })
    return failureOfCall(run)
      .then(({ code }) => code)
      .finally(close)
  }
  const broke = new Error('The connection broke.')
  const unsent = new NotSent(broke)
  const oom = new ReplyError('OOM command not allowed')

  test('is of unknown outcome where the first may have been done, and told the refusal where not', async () => {
    expect(await codeOf('OUTCOME_UNKNOWN', broke, oom)).toBe('OUTCOME_UNKNOWN')
    expect(await codeOf('OUTCOME_UNKNOWN', broke, unsent)).toBe('OUTCOME_UNKNOWN')
    expect(await codeOf('OUTCOME_UNKNOWN', unsent, oom)).toBe('STORE_FULL')
    expect(await codeOf('OUTCOME_UNKNOWN', unsent, broke)).toBe('OUTCOME_UNKNOWN')
    expect(await codeOf('OUTCOME_UNKNOWN', unsent, unsent)).toBe('ENGINE_UNAVAILABLE')
    expect(await codeOf('ENGINE_UNAVAILABLE', broke, oom)).toBe('STORE_FULL')
  })
})

test('a server that loses a script as soon as it has it is said to be of no use', async () => {
  const { driver, close } = await openClient('ioredis', { kind: 'server', at: server })
  const client = clientOf(driver)
  const forgetful: Sender = {
    send: async (key, args) => {
      await client.sendEverywhere(['SCRIPT', 'FLUSH'])
      return Promise.all(client.sendAll([{ key, args }]))
    },
  }
  const call = {
    script: SCRIPTS.list,
    keys: ['k'],
    args: ['p', 'u_1', '1'],
    silence: 'OUTCOME_UNKNOWN',
  } as const
  try {
    const run = new ScriptRunner(client, 'scripts').run(forgetful, call)
    await expect(run).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringContaining('NOSCRIPT'),
    })
  } finally {
    close()
  }
})

import { type RedisServer, startProxy, startRedis, type TcpProxy } from 'sojourn-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Engine } from '../../core/port.ts'
import { NOW, next, numbered, sample, sampleId } from '../../testing/sample.ts'
import type { Command } from './client.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { clientOf } from './driver.ts'
import { Flight } from './flight.ts'
import { Keys } from './keys.ts'
import { Monitor } from './monitor.test-support.ts'
import { readRecords } from './reads.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'

let server: RedisServer
let proxy: TcpProxy
beforeAll(async () => {
  server = await startRedis()
  proxy = await startProxy({ to: server })
})
afterAll(async () => {
  await proxy.stop()
  await server.stop()
})

describe.each(['ioredis', 'node-redis', 'iovalkey'] as const)(
  'one turn of the event loop over %s',
  (name) => {
    let client: OpenClient
    let prefix: string
    let engine: Engine
    beforeAll(async () => {
      client = await openClient(name, { kind: 'server', at: proxy })
    })
    afterAll(() => client.close())
    beforeEach(async () => {
      prefix = freshPrefix()
      engine = await redis({ client: client.driver, prefix })
      await engine.create(sample(), null, NOW)
    })

    test('sends a lone read as one GET, in one round trip', async () => {
      await using monitor = await Monitor.on(server)
      const { roundTrips } = proxy.counters
      const seen = await monitor.during(() => engine.read([sampleId(1)]))
      expect(seen).toEqual([{ name: 'GET', args: [new Keys(prefix).record(sampleId(1))], isInScript: false }])
      expect(proxy.counters.roundTrips - roundTrips).toBe(1)
    })

    test('answers a lone read while every timer stands still', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
      try {
        expect(await engine.read([sampleId(1)])).toHaveLength(1)
        expect(await engine.replace(next(sample()), 1, NOW)).toEqual({ outcome: 'done' })
      } finally {
        vi.useRealTimers()
      }
    })

    test('sends the reads of many callers as one MGET, each caller’s answer its own', async () => {
      await engine.create(numbered(2), null, NOW)
      await using monitor = await Monitor.on(server)
      const { roundTrips } = proxy.counters
      const callers = Array.from({ length: 50 }, (_, index) => [sampleId(1 + (index % 3))])
      const answers: (string | null)[] = []
      const seen = await monitor.during(async () => {
        const read = await Promise.all(callers.map((ids) => engine.read(ids)))
        answers.push(...read.map(([record]) => record?.id ?? null))
      })
      expect(seen.map(({ name, args }) => [name, args.length])).toEqual([['MGET', 50]])
      expect(proxy.counters.roundTrips - roundTrips).toBe(1)
      expect(answers).toEqual(callers.map(([id = '']) => (id === sampleId(3) ? null : id)))
    })

    test('asks for at most 256 keys at once', async () => {
      const ids = Array.from({ length: 600 }, (_, index) => sampleId(index))
      await using monitor = await Monitor.on(server)
      const seen = await monitor.during(() => engine.read(ids))
      expect(seen.map(({ name, args }) => [name, args.length])).toEqual([
        ['MGET', 256],
        ['MGET', 256],
        ['MGET', 88],
      ])
    })

    test('sends many writes in one flight', async () => {
      await engine.create(numbered(999), null, NOW)
      const { roundTrips } = proxy.counters
      const records = Array.from({ length: 50 }, (_, index) => numbered(100 + index))
      const done = await Promise.all(records.map((record) => engine.create(record, null, NOW)))
      expect(done.every(({ outcome }) => outcome === 'done')).toBe(true)
      expect(proxy.counters.roundTrips - roundTrips).toBeLessThan(5)
    })

    test('updates in one round trip where the version is known, and a conflict brings the record in it', async () => {
      await engine.replace(next(sample()), 1, NOW)
      await using monitor = await Monitor.on(server)
      const sent = async (run: () => Promise<unknown>) =>
        (await monitor.during(run)).filter(({ isInScript }) => !isInScript).map(({ name }) => name)
      const record = next(next(sample()))
      expect(await sent(() => engine.replace(record, 2, NOW))).toEqual(['EVALSHA'])
      const conflict = async () => {
        const answer = await engine.replace(record, 2, NOW)
        expect(answer).toMatchObject({ outcome: 'conflict', current: { id: record.id, version: 3 } })
      }
      expect(await sent(conflict)).toEqual(['EVALSHA'])
    })

    test('T78: a write that the server refuses fails alone', async () => {
      const key = new Keys(prefix).record(sampleId(2))
      await server.cli('LPUSH', key, 'not ours')
      const outcomes = await Promise.allSettled([
        engine.create(numbered(1), null, NOW),
        engine.create(numbered(2), null, NOW),
        engine.create(numbered(3), null, NOW),
        engine.read([sampleId(1)]),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
      ])
      expect(outcomes[1]).toMatchObject({ reason: { code: 'ENGINE_REFUSED' } })
    })
  },
)

describe('T78: a flight of which one command fails', () => {
  let client: OpenClient
  beforeAll(async () => {
    client = await openClient('ioredis', { kind: 'server', at: server })
  })
  afterAll(() => client.close())

  /** A flight as in a cluster, on a client that fails what holds this text. */
  function flightWithout(text: string, sent: Command[] = []): Flight {
    const real = clientOf(client.driver)
    return new Flight(
      {
        isCluster: true,
        sendAll: (commands) => {
          sent.push(...commands)
          return commands.map(async (command) => {
            if (command.args.join(' ').includes(text)) throw new Error('The connection broke.')
            const [reply] = await Promise.all(real.sendAll([command]))
            return reply
          })
        },
        sendEverywhere: (args) => real.sendEverywhere(args),
        connect: (key) => real.connect(key),
        primaryOf: (key) => real.primaryOf(key),
        refresh: (key) => real.refresh(key),
        close: () => real.close(),
      },
      new Keys('tests:flight'),
    )
  }

  test('fails exactly those who wait for it', async () => {
    const sent: Command[] = []
    const flight = flightWithout('{Bb}', sent)
    const read = (number: number, bucket: string) =>
      readRecords([sampleId(number, bucket)], (each) => flight.read(each))
    const outcomes = await Promise.allSettled([
      read(1, 'Ab'),
      read(1, 'Bb'),
      read(2, 'Bb'),
      read(2, 'Ab'),
      read(1, 'Cb'),
      flight.send('{Db}', ['ECHO', 'hello']),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ])
    // Four commands, and the reads that failed were tried once more.
    expect(sent.map(({ args }) => `${args[0]} ${args.length - 1}`)).toEqual([
      'ECHO 1',
      'MGET 2',
      'MGET 2',
      'GET 1',
      'MGET 2',
    ])
  })

  test('a driver that throws at once fails its flight, and the next one goes', async () => {
    const real = clientOf(client.driver)
    let isBroken = true
    const flight = new Flight(
      {
        isCluster: false,
        sendAll: (commands) => {
          if (isBroken) throw new TypeError('An argument has a form that the driver does not take.')
          return real.sendAll(commands)
        },
        sendEverywhere: (args) => real.sendEverywhere(args),
        connect: (key) => real.connect(key),
        primaryOf: (key) => real.primaryOf(key),
        refresh: (key) => real.refresh(key),
        close: () => real.close(),
      },
      new Keys('tests:flight'),
    )
    const failed = await Promise.allSettled([flight.send('', ['ECHO', 'a']), flight.send('', ['ECHO', 'b'])])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isBroken = false
    expect(String(await flight.send('', ['ECHO', 'c']))).toBe('c')
  })
})

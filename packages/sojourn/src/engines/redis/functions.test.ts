import { type RedisServer, startRedis, until } from 'sojourn-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Engine } from '../../core/port.ts'
import { MINUTE, NOW, next, numbered, sample, sampleId, sampleUser } from '../../testing/sample.ts'
import { grant, ioredisAs, nodeRedisAs } from './acl.test-support.ts'
import { aclRule } from './acl.ts'
import { failureOfCall, outcomeOf } from './fault.test-support.ts'
import { Monitor } from './monitor.test-support.ts'
import { redis } from './redis.ts'
import type { CodeSource } from './redis-options.ts'
import { LIBRARY, SCRIPTS } from './scripts.gen.ts'

/** What was opened, to be closed in reverse order. */
const closings: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

async function start(config: Readonly<Record<string, string | number>> = {}): Promise<RedisServer> {
  const server = await startRedis({ config })
  closings.push(() => server.stop())
  return server
}

/** An engine of the application's user, who may load no code when it calls functions. */
async function open(
  server: RedisServer,
  code: CodeSource = 'functions',
  connect = ioredisAs,
): Promise<Engine> {
  await grant(server, aclRule({ functions: code === 'functions', scan: true }))
  const { driver, close } = await connect(server, 'sojourn')
  closings.push(close)
  return redis({ client: driver, due: true, code })
}

const load = (server: RedisServer, source: string = LIBRARY.source) =>
  server.cli('FUNCTION', 'LOAD', 'REPLACE', source)

/** As another release has it. */
const OTHER = LIBRARY.source.replaceAll(LIBRARY.name, 'sojourn_000000000000')

/** Each verb, on a store with four sessions of which the first has ended. */
const VERBS: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
  create: (engine) => engine.create(numbered(9), null, NOW),
  replace: (engine) => engine.replace(next(numbered(2)), 1, NOW),
  touch: (engine) => engine.touch(sampleId(2), NOW + 1, NOW + MINUTE),
  list: (engine) => engine.list(sampleUser(), NOW),
  end: (engine) => engine.end(sampleId(3), 'logout', NOW),
  endUser: (engine) => engine.endUser(sampleUser(), 'revoked', NOW, null),
  due: (engine) => engine.due(NOW + 1, 10),
  settle: (engine) => engine.settle([sampleId(1)], null),
  scan: (engine) => engine.scan(null, 10),
}

async function fill(engine: Engine): Promise<void> {
  for (const number of [1, 2, 3, 4]) await engine.create(numbered(number), null, NOW)
  await engine.end(sampleId(1), 'logout', NOW)
}

/** How each verb ends on a server without memory. */
async function outcomesWithoutMemory(server: RedisServer, engine: Engine) {
  await fill(engine)
  await server.cli('CONFIG', 'SET', 'maxmemory', '1')
  const outcomes: Record<string, string> = {}
  for (const [name, verb] of Object.entries(VERBS)) outcomes[name] = await outcomeOf(verb(engine))
  await server.cli('CONFIG', 'SET', 'maxmemory', '0')
  return outcomes
}

describe.each([
  ['ioredis', ioredisAs],
  ['node-redis', nodeRedisAs],
] as const)('an engine that calls functions, over %s,', (_name, connect) => {
  let server: RedisServer
  let engine: Engine
  beforeEach(async () => {
    server = await start()
    engine = await open(server, 'functions', connect)
  })

  test('T91: calls those of its own library, and loads nothing', async () => {
    await load(server)
    await using monitor = await Monitor.on(server)
    const seen = await monitor.during(async () => {
      await fill(engine)
      for (const verb of Object.values(VERBS)) await verb(engine)
    })
    const sent = seen.filter(({ isInScript }) => !isInScript)
    expect(new Set(sent.map(({ name }) => name))).toEqual(new Set(['FCALL', 'MGET']))
    const called = new Set(sent.filter(({ name }) => name === 'FCALL').map(({ args: [name] }) => name))
    const forOneServer = Object.values(SCRIPTS).filter(({ name }) => name !== 'scan-slot')
    expect(called).toEqual(new Set(forOneServer.map(({ functionName }) => functionName)))
  })

  test('T91: says which library is missing and how to load it, and goes on when it is there', async () => {
    const failure = await failureOfCall(engine.create(sample(), null, NOW))
    expect(failure.code).toBe('ENGINE_REFUSED')
    expect(failure.message).toContain(`library ${LIBRARY.name} `)
    expect(failure.message).toContain('sojourn-doctor --library | redis-cli -x FUNCTION LOAD REPLACE')
    expect(await engine.read([sampleId(1)])).toEqual([null])
    expect(await server.cli('FUNCTION', 'LIST')).toEqual([])
    await load(server)
    expect(await engine.create(sample(), null, NOW)).toEqual({ outcome: 'done', ended: [] })
  })

  test('T91: does not take the library of another release for its own', async () => {
    await load(server, OTHER)
    expect(await outcomeOf(engine.create(sample(), null, NOW))).toBe('ENGINE_REFUSED')
    await load(server)
    expect(await outcomeOf(engine.create(sample(), null, NOW))).toBe('done')
    // The processes of the other release still find theirs.
    expect(await server.cli('FUNCTION', 'DELETE', 'sojourn_000000000000')).toBe('OK')
  })

  test('T91: is refused without the right to call functions', async () => {
    await load(server)
    await grant(server, aclRule({ functions: true }).replace(' +fcall', ''))
    const failure = await failureOfCall(engine.create(sample(), null, NOW))
    expect(failure).toMatchObject({
      code: 'ENGINE_REFUSED',
      message: expect.stringContaining('NOPERM'),
    })
  })
})

test('T91: a server that is older than functions is said to be without the library', async () => {
  const server = await start({ 'rename-command': 'FCALL ""' })
  const { driver, close } = await ioredisAs(server)
  closings.push(close)
  const engine = await redis({ client: driver, code: 'functions' })
  const failure = await failureOfCall(engine.create(sample(), null, NOW))
  expect(failure).toMatchObject({
    code: 'ENGINE_REFUSED',
    message: expect.stringContaining(`library ${LIBRARY.name} (Redis 7.0 or newer)`),
  })
})

describe('on a server without memory', () => {
  test('functions refuse what scripts refuse, and a log-out works', async () => {
    const byScripts = await start()
    const byFunctions = await start()
    await load(byFunctions)
    const scripts = await outcomesWithoutMemory(byScripts, await open(byScripts, 'scripts'))
    const functions = await outcomesWithoutMemory(byFunctions, await open(byFunctions))
    expect(functions).toEqual(scripts)
    expect(functions).toEqual({
      ...{ create: 'STORE_FULL', replace: 'STORE_FULL' },
      ...{
        touch: 'done',
        list: 'done',
        end: 'done',
        endUser: 'done',
        due: 'done',
        settle: 'done',
        scan: 'done',
      },
    })
  })

  test('a library whose functions do not say that they go on is noticed', async () => {
    const server = await start()
    await load(server, LIBRARY.source.replaceAll(", flags = { 'allow-oom' }", ''))
    const outcomes = await outcomesWithoutMemory(server, await open(server))
    expect(outcomes).toMatchObject({ touch: 'STORE_FULL', end: 'STORE_FULL', endUser: 'STORE_FULL' })
  })
})

describe('the library', () => {
  test('is not emptied with the data', async () => {
    const server = await start()
    await load(server)
    await server.cli('FLUSHALL')
    expect(await outcomeOf((await open(server)).create(sample(), null, NOW))).toBe('done')
  })

  test('reaches a replica, so that a fail-over keeps it', async () => {
    const primary = await start()
    const replica = await start({ replicaof: `${primary.host} ${primary.port}` })
    await load(primary)
    const arrived = async () => {
      const libraries = JSON.stringify(await replica.cli('FUNCTION', 'LIST'))
      return libraries.includes(LIBRARY.name) ? true : null
    }
    await until('the replica has the library', arrived, 10_000)
    await replica.cli('REPLICAOF', 'NO', 'ONE')
    expect(await outcomeOf((await open(replica)).create(sample(), null, NOW))).toBe('done')
  })
})

import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { type RedisServer, startProxy, startRedis, until } from 'sojourn-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../core/errors.ts'
import type { Issued } from '../../core/session.ts'
import type { SessionStore } from '../../core/session-store.ts'
import { statusOf } from '../../http/problem.ts'
import { MINUTE, NOW, numbered, sampleId, sampleUser } from '../../testing/sample.ts'
import { CLIENTS, failureOfCall, Opening, outcomeOf, recovered, secretsIn } from './fault.test-support.ts'

const LIMIT_MS = 10_000
const MARK = 'mark-of-the-data'
const USER = 'ada-lovelace@example.org'

/** A way in which a server says no. */
interface Refusal {
  readonly word: string
  readonly code: ErrorCode
  /** Whether sessions are read meanwhile. */
  readonly reads: boolean
  readonly begin: (server: RedisServer) => Promise<unknown>
  readonly end: (server: RedisServer) => Promise<unknown>
}

const set = (server: RedisServer, ...settings: readonly (string | number)[]) =>
  server.cli('CONFIG', 'SET', ...settings)

/** Resolves when the server answers a PING with this word. */
function says(server: RedisServer, word: string): Promise<unknown> {
  const asked = () =>
    server.cli('PING').then(
      () => null,
      (error: unknown) => (String(error).includes(word) ? word : null),
    )
  return until(`the server says ${word}`, asked, LIMIT_MS)
}

function saved(server: RedisServer, status: 'ok' | 'err'): Promise<unknown> {
  const asked = async () => {
    const info = String(await server.cli('INFO', 'persistence'))
    if (info.includes('rdb_bgsave_in_progress:1')) return null
    if (info.includes(`rdb_last_bgsave_status:${status}`)) return status
    await server.cli('BGSAVE')
    return null
  }
  return until(`the last save is ${status}`, asked, LIMIT_MS)
}

const REFUSALS: readonly Refusal[] = [
  {
    word: 'MISCONF',
    code: 'ENGINE_REFUSED',
    reads: true,
    begin: async (server) => {
      // A folder stands where the file belongs: root, too, cannot write it.
      mkdirSync(join(server.directory, 'dump.rdb'))
      await set(server, 'save', '3600 1')
      await saved(server, 'err')
    },
    end: async (server) => {
      rmdirSync(join(server.directory, 'dump.rdb'))
      await saved(server, 'ok')
      await set(server, 'save', '')
    },
  },
  {
    word: 'OOM',
    code: 'STORE_FULL',
    reads: true,
    begin: (server) => set(server, 'maxmemory', 1),
    end: (server) => set(server, 'maxmemory', 0),
  },
  {
    word: 'READONLY',
    code: 'ENGINE_UNAVAILABLE',
    reads: true,
    begin: (server) => server.cli('REPLICAOF', '127.0.0.1', 1),
    end: (server) => server.cli('REPLICAOF', 'NO', 'ONE'),
  },
  {
    word: 'MASTERDOWN',
    code: 'ENGINE_UNAVAILABLE',
    reads: false,
    begin: async (server) => {
      await set(server, 'replica-serve-stale-data', 'no')
      await server.cli('REPLICAOF', '127.0.0.1', 1)
    },
    end: (server) => server.cli('REPLICAOF', 'NO', 'ONE'),
  },
  {
    word: 'NOREPLICAS',
    code: 'ENGINE_UNAVAILABLE',
    reads: true,
    begin: (server) => set(server, 'min-replicas-to-write', 1),
    end: (server) => set(server, 'min-replicas-to-write', 0),
  },
  {
    word: 'BUSY',
    code: 'ENGINE_UNAVAILABLE',
    reads: false,
    begin: async (server) => {
      await set(server, 'busy-reply-threshold', 20)
      server.cli('EVAL', 'while true do end', 0).catch(() => null)
      await says(server, 'BUSY')
    },
    end: (server) => server.cli('SCRIPT', 'KILL'),
  },
  {
    word: 'LOADING',
    code: 'ENGINE_UNAVAILABLE',
    reads: false,
    begin: async (server) => {
      await server.cli('DEBUG', 'POPULATE', 400, 'key', 1_000)
      await set(server, 'key-load-delay', 2_000, 'loading-process-events-interval-bytes', 1_024)
      server.cli('DEBUG', 'RELOAD').catch(() => null)
      await says(server, 'LOADING')
    },
    // It ends by itself.
    end: async () => null,
  },
  {
    word: 'NOPERM',
    code: 'ENGINE_REFUSED',
    reads: true,
    begin: (server) => server.cli('ACL', 'SETUSER', 'default', '-@all', '+@connection', '+get', '+mget'),
    end: (server) => server.cli('ACL', 'SETUSER', 'default', '+@all'),
  },
]

describe.each(CLIENTS)('%s, a server that says no', (client) => {
  let server: RedisServer
  let opening: Opening
  let store: SessionStore<{ mark: string }>
  let issued: Issued<{ mark: string }>
  beforeEach(async () => {
    server = await startRedis({ users: ['default on nopass ~* &* +@all'] })
    opening = new Opening()
    const engine = await opening.engine(client, server)
    store = await opening.store(engine, { initial: () => ({ mark: MARK }) })
    issued = await store.create({ userId: USER })
  })
  afterEach(async () => {
    await opening.close()
    await server.stop()
  })

  test.each(REFUSALS)('$word: $code, no secret in it, and recovery without a restart', async (refusal) => {
    const { word, code, reads, begin, end } = refusal
    const write = () => store.update(issued.session, (draft) => Object.assign(draft, { mark: `${MARK}!` }))
    await begin(server)
    const startedAt = performance.now()
    const failures = [await failureOfCall(write()), await failureOfCall(store.create({ userId: USER }))]
    const read = store.read(issued.token, { touch: false })
    if (reads) expect((await read)?.data).toEqual({ mark: MARK })
    else failures.push(await failureOfCall(read))
    expect(performance.now() - startedAt).toBeLessThan(1_000)

    for (const failure of failures) {
      expect(failure.code).toBe(code)
      expect(failure.message).toContain(`(${word})`)
      expect(statusOf(failure)).toBe(503)
      expect(failure.retryable).toBe(true)
      const secret = issued.token.slice(16)
      expect(secretsIn(failure, [issued.token, secret, MARK, USER, issued.session.id])).toEqual([])
    }
    await end(server)
    await recovered(write)
    expect((await store.read(issued.token))?.data).toEqual({ mark: `${MARK}!` })
  })
})

describe.each(CLIENTS)('%s, a server without memory', (client) => {
  let server: RedisServer
  let opening: Opening
  beforeEach(async () => {
    server = await startRedis()
    opening = new Opening()
  })
  afterEach(async () => {
    await opening.close()
    await server.stop()
  })

  test.each([{ due: false }, { due: true }])('sessions are read, used and ended: %o', async (options) => {
    const engine = await opening.engine(client, server, options)
    for (const number of [1, 2, 3, 4]) await engine.create(numbered(number), null, NOW)
    await set(server, 'maxmemory', 1)
    // Whatever it must be told first.
    await server.cli('SCRIPT', 'FLUSH')
    expect(await outcomeOf(engine.create(numbered(5), null, NOW))).toBe('STORE_FULL')
    expect(await engine.touch(sampleId(1), NOW + 1, NOW + 31 * MINUTE)).toBe(true)
    expect(await engine.end(sampleId(1), 'logout', NOW + 2)).toBe(true)
    expect(await engine.end(sampleId(1), 'logout', NOW + 2)).toBe(false)
    expect(await engine.endUser(sampleUser(), 'revoked', NOW + 3, sampleId(4))).toEqual([
      sampleId(2),
      sampleId(3),
    ])
    expect(await engine.endUser(sampleUser('u_2'), 'revoked', NOW + 3, null)).toEqual([])
    const records = await engine.read([1, 2, 3, 4].map((number) => sampleId(number)))
    expect(records.map((record) => record?.ended?.reason ?? null)).toEqual([
      'logout',
      'revoked',
      'revoked',
      null,
    ])
    expect((await engine.list(sampleUser(), NOW + 4)).map(({ id }) => id)).toEqual([sampleId(4)])
    const due = await engine.due(NOW + 4, 10)
    expect(due.map(({ id }) => id).sort()).toEqual(
      options.due ? [1, 2, 3].map((number) => sampleId(number)) : [],
    )
  })

  test('an end that is sent twice is known again', async () => {
    const proxy = await startProxy({ to: server })
    opening.also(() => proxy.stop())
    const engine = await opening.engine(client, proxy)
    for (const number of [1, 2]) await engine.create(numbered(number), null, NOW)
    await engine.end('AbXXXXXXXXXXXXXX', 'logout', NOW)
    await engine.endUser(sampleUser('u_2'), 'revoked', NOW, null)
    await set(server, 'maxmemory', 1)
    const cuts = [proxy.cutAfterRequest(sampleId(1))]
    expect(await engine.end(sampleId(1), 'logout', NOW + 1)).toBe(true)
    cuts.push(proxy.cutAfterRequest('u_1'))
    expect(await engine.endUser(sampleUser(), 'revoked', NOW + 2, null)).toEqual([sampleId(2)])
    await Promise.all(cuts)
  })
})

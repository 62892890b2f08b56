import type { Engine, SessionId, SessionRecord } from '../../core/port.ts'
import { force, recordOf } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, brokenHandle, inModel } from './broken-engine.test-support.ts'

type Spoil = (record: SessionRecord) => SessionRecord

/** An engine that stores each record otherwise than it was given. */
const storing =
  (spoil: Spoil) =>
  (engine: Engine): Partial<Engine> => ({
    create: (record, limit, now) => engine.create(spoil(record), limit, now),
    replace: (record, expectedVersion, now) => engine.replace(spoil(record), expectedVersion, now),
  })

/** The same record, read with ids and user ids that were changed on the way in. */
const keyedBy = (
  engine: Engine,
  key: { readonly id?: (id: string) => string; readonly user?: (userId: string) => string },
): Partial<Engine> => {
  const { id: idOf = (id: string) => id, user: userOf = (userId: string) => userId } = key
  const given = new Map<SessionId, SessionRecord>()
  const shown = (record: SessionRecord): SessionRecord => {
    const { id, userId } = given.get(record.id) ?? record
    return { ...record, id, userId }
  }
  const keyed = (record: SessionRecord): SessionRecord => ({
    ...record,
    id: idOf(record.id),
    userId: record.userId && userOf(record.userId),
  })
  return {
    create: async (record, limit, now) => {
      if (!given.has(idOf(record.id))) given.set(idOf(record.id), record)
      return engine.create(keyed(record), limit, now)
    },
    read: async (ids) => (await engine.read(ids.map(idOf))).map((record) => record && shown(record)),
    list: async (user, now) => (await engine.list({ ...user, userId: userOf(user.userId) }, now)).map(shown),
    endUser: async (user, reason, at, except) =>
      (await engine.endUser({ ...user, userId: userOf(user.userId) }, reason, at, except)).map(
        (id) => given.get(id)?.id ?? id,
      ),
    due: async (now, limit) =>
      (await engine.due(now, limit)).map((record) => ({ ...record, ...shown(record) })),
  }
}

const sharedUser = (name: string, caughtBy: readonly string[], user: (userId: string) => string) =>
  broken(name, caughtBy, (engine) => keyedBy(engine, { user }))

const seconds = (instant: number): number => Math.floor(instant / 1_000) * 1_000
const signed = (value: number): number => value | 0

export const brokenRecord: readonly BrokenEngine[] = [
  broken(
    'the engine keeps instants in seconds',
    ['instants that are far apart within one record come back'],
    storing((record) => ({
      ...record,
      seenAt: seconds(record.seenAt),
      createdAt: seconds(record.createdAt),
    })),
  ),
  broken(
    'the engine keeps instants in 47 bits',
    ['instants that are far apart within one record come back'],
    storing((record) => ({
      ...record,
      absoluteAt: Math.min(record.absoluteAt, 2 ** 47),
      authenticatedAt: record.authenticatedAt && Math.min(record.authenticatedAt, 2 ** 47),
    })),
  ),
  broken(
    'the engine keeps the distance of two instants in 32 bits',
    ['instants that are far apart within one record come back'],
    storing((record) => ({
      ...record,
      createdAt: record.absoluteAt - Math.min(record.absoluteAt - record.createdAt, 2 ** 32),
    })),
  ),
  broken(
    'the engine keeps versions as signed numbers of 32 bits',
    ['the largest version comes back and is compared exactly'],
    (engine) => ({
      read: async (ids) =>
        (await engine.read(ids)).map((record) => record && { ...record, version: signed(record.version) }),
      replace: async (record, expectedVersion, now) => {
        const answer = await engine.replace(record, expectedVersion, now)
        if (answer.outcome !== 'conflict') return answer
        return {
          outcome: 'conflict',
          current: { ...answer.current, version: signed(answer.current.version) },
        }
      },
    }),
  ),
  broken(
    'the engine forgets when a user was authenticated',
    ['every field of a new record comes back as it went in'],
    storing((record) => ({ ...record, authenticatedAt: null })),
  ),
  broken(
    'the engine keeps four retired secrets',
    [
      'up to sixteen retired secrets come back in their order',
      'every field of a new record comes back as it went in',
      'every field of a replaced record comes back as it went in',
    ],
    storing((record) => ({ ...record, retired: record.retired.slice(-4) })),
  ),
  broken(
    'the engine forgets the previous secret when it is replaced',
    ['a caller who changes bytes after replace was called changes nothing stored'],
    (engine) => ({
      replace: (record, expectedVersion, now) =>
        engine.replace({ ...record, previous: null }, expectedVersion, now),
    }),
  ),
  broken(
    'the engine forgets the end of a grace',
    [
      'the end of a grace is set by a replace, and taken away with the previous secret',
      'every field of a new record comes back as it went in',
    ],
    storing((record) => ({
      ...record,
      previous: record.previous && { ...record.previous, graceEndsAt: null },
    })),
  ),
  broken(
    'the engine cuts a sealed successor at 128 bytes',
    ['the previous secret comes back whole, its sealed successor at every length up to the most'],
    storing((record) => ({
      ...record,
      previous: record.previous && { ...record.previous, sealed: record.previous.sealed.slice(0, 128) },
    })),
  ),
  broken(
    'a session that never expires is due',
    ['the largest instants come back, and a session that never expires lives until the last of them'],
    (engine) => ({
      due: async (now, limit) => engine.due(now + 1, limit),
    }),
  ),
  broken(
    'the engine cuts data at 65,535 bytes',
    ['data from no byte to one mebibyte comes back byte for byte'],
    storing((record) => ({ ...record, data: record.data.slice(0, 65_535) })),
  ),
  broken(
    'the engine cannot keep empty data',
    ['data from no byte to one mebibyte comes back byte for byte'],
    storing((record) => ({
      ...record,
      data: record.data.byteLength === 0 ? new Uint8Array(1) : record.data,
    })),
  ),
  broken(
    'the engine keeps the length that data first had',
    ['data may grow and shrink between its smallest and its largest size'],
    (engine) => {
      const lengths = new Map<SessionId, number>()
      return storing((record) => {
        const length = lengths.get(record.id) ?? record.data.byteLength
        lengths.set(record.id, length)
        return { ...record, data: record.data.slice(0, length) }
      })(engine)
    },
  ),
  broken(
    'the engine stores the buffer that a view is part of',
    ['bytes that are part of a larger buffer are stored alone'],
    storing((record) => ({
      ...record,
      data: new Uint8Array(record.data.buffer),
    })),
  ),
  brokenHandle(
    'create reads the caller’s bytes a tick later',
    ['a caller who changes bytes after create was called changes nothing stored'],
    (engine) => ({
      create: async (record, limit, now) => {
        await Promise.resolve()
        return engine.create(record, limit, now)
      },
    }),
  ),
  brokenHandle(
    'replace reads the caller’s bytes a tick later',
    ['a caller who changes bytes after replace was called changes nothing stored'],
    (engine) => ({
      replace: async (record, expectedVersion, now) => {
        await Promise.resolve()
        return engine.replace(record, expectedVersion, now)
      },
    }),
  ),
  broken(
    'read hands out the stored bytes themselves',
    ['a caller who changes bytes that a method returned changes nothing stored'],
    (engine) => {
      const handedOut = new Map<SessionId, SessionRecord>()
      return {
        read: async (ids) =>
          (await engine.read(ids)).map((record) => {
            if (record === null) return null
            const before = handedOut.get(record.id)
            const isSame = before?.version === record.version && before.ended?.at === record.ended?.at
            if (isSame) return before
            const alias =
              before === undefined ? record : { ...record, data: before.data, digest: before.digest }
            handedOut.set(record.id, alias)
            return alias
          }),
        replace: async (record, expectedVersion, now) => {
          handedOut.delete(record.id)
          return engine.replace(record, expectedVersion, now)
        },
        touch: async (id, seenAt, expiresAt) => {
          handedOut.delete(id)
          return engine.touch(id, seenAt, expiresAt)
        },
      }
    },
  ),
  broken(
    'read hands out a buffer that the next read uses again',
    ['bytes that a read returned stay as they were when the record is replaced'],
    (engine) => {
      const buffer = new Uint8Array(2 ** 20)
      return {
        read: async (ids) =>
          (await engine.read(ids)).map((record) => {
            if (record === null || ids.length > 1) return record
            buffer.set(record.data)
            return { ...record, data: buffer.subarray(0, record.data.byteLength) }
          }),
      }
    },
  ),
]

export const brokenIdentity: readonly BrokenEngine[] = [
  sharedUser(
    'user ids are normalised',
    [
      'endUser ends the sessions of that user and of nobody who looks alike',
      'user ids that look alike belong to different users',
    ],
    (userId) => userId.normalize('NFC'),
  ),
  sharedUser(
    'user ids are compared without case',
    ['endUser ends the sessions of that user and of nobody who looks alike'],
    (userId) => userId.toLowerCase(),
  ),
  sharedUser(
    'user ids are trimmed',
    ['endUser ends the sessions of that user and of nobody who looks alike'],
    (userId) => userId.trim(),
  ),
  sharedUser(
    'user ids are cut at 254 bytes',
    ['endUser ends the sessions of that user and of nobody who looks alike'],
    (userId) => Buffer.from(userId).subarray(0, 254).toString('latin1'),
  ),
  sharedUser(
    'user ids are cut at a NUL',
    ['endUser ends the sessions of that user and of nobody who looks alike'],
    (userId) => userId.split('\u0000')[0] ?? '',
  ),
  broken(
    'an anonymous session belongs to the user "null"',
    ['an anonymous session belongs to no user'],
    (engine) => ({
      create: async (record, limit, now) =>
        engine.create({ ...record, userId: String(record.userId) }, limit, now),
      read: async (ids) =>
        (await engine.read(ids)).map(
          (record) => record && { ...record, userId: record.userId === 'null' ? null : record.userId },
        ),
    }),
  ),
  broken(
    'ids are compared without case',
    ['ids at the edges of buckets and alphabet are kept apart'],
    (engine) => keyedBy(engine, { id: (id) => id.toLowerCase() }),
  ),
  broken(
    'ids are found without their bucket',
    ['ids at the edges of buckets and alphabet are kept apart'],
    (engine) => keyedBy(engine, { id: (id) => id.slice(2) }),
  ),
  broken(
    'due leaves out the last bucket',
    ['ids at the edges of buckets and alphabet are kept apart'],
    (engine) => ({
      due: async (now, limit) => (await engine.due(now, limit)).filter(({ id }) => !id.startsWith('__')),
    }),
  ),
]

export const brokenRead: readonly BrokenEngine[] = [
  broken('read leaves out what is absent', ['an id that was never stored reads as null'], (engine) => ({
    read: async (ids) => (await engine.read(ids)).filter((record) => record !== null),
  })),
  broken(
    'read returns a repeated id once',
    ['read returns one record per id in the order of the ids, null where absent, a repeated id twice'],
    (engine) => ({
      read: (ids) => engine.read([...new Set(ids)]),
    }),
  ),
  broken('read takes a hundred ids at most', ['read takes a thousand ids in one call'], (engine) => ({
    read: (ids) => engine.read(ids.slice(0, 100)),
  })),
  inModel(
    broken(
      'read hides tombstones',
      ['read returns an ended session as its tombstone, data included'],
      (engine) => ({
        read: async (ids) => (await engine.read(ids)).map((record) => (record?.ended ? null : record)),
      }),
    ),
  ),
  broken(
    'read returns tombstones without their data',
    [
      'read returns an ended session as its tombstone, data included',
      'each of the reasons comes back from a tombstone',
    ],
    (engine) => ({
      read: async (ids) =>
        (await engine.read(ids)).map((record) =>
          record?.ended ? { ...record, data: new Uint8Array() } : record,
        ),
    }),
  ),
  broken(
    'read ends an expired session by itself',
    ['read returns an expired session that nobody has ended as it is stored'],
    (engine) => ({
      replace: async (record, expectedVersion, now) => {
        const answer = await engine.replace(record, expectedVersion, now)
        const stored = await recordOf(engine, record.id)
        if (stored !== null && now >= stored.expiresAt) await engine.end(record.id, 'idle', now)
        return answer
      },
    }),
  ),
  broken(
    'read invents an empty session for an unknown id',
    ['an id that was never stored reads as null'],
    (engine) => ({
      read: async (ids) =>
        (await engine.read(ids)).map((record, index) => {
          const times = { createdAt: 0, seenAt: 0, expiresAt: 1, absoluteAt: 1, authenticatedAt: null }
          const bytes = { digest: new Uint8Array(32), data: new Uint8Array(), previous: null, retired: [] }
          return record ?? { id: ids[index] ?? '', userId: null, version: 1, ended: null, ...times, ...bytes }
        }),
    }),
  ),
  broken(
    'the engine asks the wall clock whether a session lives',
    ['a session can be touched until its deadline and not at it'],
    (engine) => ({
      touch: async (id, seenAt, expiresAt) => {
        const record = await recordOf(engine, id)
        const isLive = record !== null && Date.now() < record.expiresAt
        if (isLive && seenAt >= record.expiresAt) await force(engine, { ...record, expiresAt })
        return engine.touch(id, seenAt, expiresAt)
      },
    }),
  ),
]

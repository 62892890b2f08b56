import type { SessionRecord } from '../../core/port.ts'
import { force, recordOf, turn } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

export const brokenTouch: readonly BrokenEngine[] = [
  inModel(
    broken(
      'touch forgets an expiry: it moves the deadline of an expired session',
      [
        'a session can be touched until its deadline and not at it',
        'T49: a session is live or expired by the given now alone, be it next year or in two centuries',
      ],
      (engine) => ({
        touch: async (id, seenAt, expiresAt) => {
          const stored = await recordOf(engine, id)
          return engine.touch(id, Math.min(seenAt, (stored?.expiresAt ?? seenAt + 1) - 1), expiresAt)
        },
      }),
    ),
  ),
  inModel(
    broken(
      'touch revives an ended session',
      ['T48: a touch after the end is false and revives nothing'],
      (engine) => ({
        touch: async (id, seenAt, expiresAt) => {
          const stored = await recordOf(engine, id)
          if (stored === null || stored.ended === null) return engine.touch(id, seenAt, expiresAt)
          await force(engine, { ...stored, ended: null })
          return engine.touch(id, seenAt, expiresAt)
        },
      }),
    ),
  ),
  inModel(
    broken(
      'touch writes back the record that it read a turn before',
      ['of concurrent touches the latest stays'],
      (engine) => ({
        touch: async (id, seenAt, expiresAt) => {
          const stored = await recordOf(engine, id)
          const isTouched = await engine.touch(id, seenAt, expiresAt)
          await turn()
          if (!isTouched || stored === null) return isTouched
          await force(engine, { ...stored, seenAt: Math.max(stored.seenAt, seenAt) })
          return engine.touch(id, seenAt, expiresAt)
        },
      }),
    ),
  ),
  inModel(
    broken(
      'touch answers true for an ended session',
      ['a session can be touched until its deadline and not at it'],
      (engine) => ({
        touch: async (id, seenAt, expiresAt) => {
          const isTouched = await engine.touch(id, seenAt, expiresAt)
          return isTouched || (await recordOf(engine, id)) !== null
        },
      }),
    ),
  ),
  inModel(
    broken(
      'touch creates an absent session',
      ['T48: a touch after the end is false and revives nothing'],
      (engine) => {
        const forgotten = new Map<string, SessionRecord>()
        return {
          create: async (record, limit, now) => {
            forgotten.set(record.id, record)
            return engine.create(record, limit, now)
          },
          touch: async (id, seenAt, expiresAt) => {
            const stored = await recordOf(engine, id)
            const before = forgotten.get(id)
            if (stored === null && before !== undefined) await engine.create(before, null, before.createdAt)
            return engine.touch(id, seenAt, expiresAt)
          },
        }
      },
    ),
  ),
  broken(
    'touch creates a session of nothing',
    ['a touch of an absent id is false and creates nothing'],
    (engine) => ({
      touch: async (id, seenAt, expiresAt) => {
        const digest = new Uint8Array(32)
        const none = {
          userId: null,
          version: 1,
          authenticatedAt: null,
          previous: null,
          retired: [],
          ended: null,
        }
        const times = { createdAt: seenAt, seenAt, expiresAt, absoluteAt: expiresAt }
        await engine.create({ id, digest, data: digest, ...none, ...times }, null, seenAt)
        return engine.touch(id, seenAt, expiresAt)
      },
    }),
  ),
  inModel(
    broken(
      'touch moves a deadline backwards',
      [
        'a touch that arrives late moves nothing backwards',
        'a touch with a shorter deadline moves seenAt alone',
      ],
      (engine) => ({
        touch: async (id, seenAt, expiresAt) => {
          const isTouched = await engine.touch(id, seenAt, expiresAt)
          const stored = await recordOf(engine, id)
          if (isTouched && stored !== null && stored.expiresAt > expiresAt)
            await force(engine, { ...stored, expiresAt })
          return isTouched
        },
      }),
    ),
  ),
  broken(
    'touch moves the last activity backwards',
    ['a touch that arrives late moves nothing backwards'],
    (engine) => ({
      touch: async (id, seenAt, expiresAt) => {
        const isTouched = await engine.touch(id, seenAt, expiresAt)
        const stored = await recordOf(engine, id)
        if (isTouched && stored !== null && stored.seenAt > seenAt) await force(engine, { ...stored, seenAt })
        return isTouched
      },
    }),
  ),
  broken(
    'touch moves nothing when the deadline would be shorter',
    ['a touch with a shorter deadline moves seenAt alone'],
    (engine) => ({
      touch: async (id, seenAt, expiresAt) => {
        const stored = await recordOf(engine, id)
        const isShorter = stored !== null && seenAt < stored.expiresAt && expiresAt < stored.expiresAt
        return isShorter && stored.ended === null ? true : engine.touch(id, seenAt, expiresAt)
      },
    }),
  ),
  inModel(
    broken(
      'touch moves the deadline past the absolute one',
      ['a touch moves the deadline no further than the absolute one'],
      (engine) => ({
        touch: async (id, seenAt, expiresAt) => {
          const isTouched = await engine.touch(id, seenAt, expiresAt)
          const stored = await recordOf(engine, id)
          const isBeyond = isTouched && stored !== null && expiresAt > stored.absoluteAt
          if (isBeyond) await force(engine, { ...stored, expiresAt })
          return isTouched
        },
      }),
    ),
  ),
  inModel(
    broken('touch raises the version', ['a touch changes nothing but seenAt and expiresAt'], (engine) => ({
      touch: async (id, seenAt, expiresAt) => {
        const isTouched = await engine.touch(id, seenAt, expiresAt)
        const stored = await recordOf(engine, id)
        if (isTouched && stored !== null) {
          await engine.replace({ ...stored, version: stored.version + 1 }, stored.version, seenAt)
        }
        return isTouched
      },
    })),
  ),
  broken(
    'touch drops the data',
    [
      'a touch changes nothing but seenAt and expiresAt',
      'a touch moves the deadline, and the session lives until the new one',
    ],
    (engine) => ({
      touch: async (id, seenAt, expiresAt) => {
        const isTouched = await engine.touch(id, seenAt, expiresAt)
        const stored = await recordOf(engine, id)
        if (isTouched && stored !== null) await force(engine, { ...stored, data: new Uint8Array() })
        return isTouched
      },
    }),
  ),
  inModel(
    broken(
      'touch moves nothing',
      ['a touch moves the deadline, and the session lives until the new one'],
      (engine) => ({
        touch: async (id, seenAt, expiresAt) => {
          const stored = await recordOf(engine, id)
          return stored === null
            ? false
            : engine.touch(id, Math.min(seenAt, stored.expiresAt), Math.min(expiresAt, 0))
        },
      }),
    ),
  ),
  inModel(
    broken(
      'touch answers false for a live session',
      ['a touch moves the deadline, and the session lives until the new one'],
      (engine) => ({
        touch: async (id, seenAt, expiresAt) => {
          await engine.touch(id, seenAt, expiresAt)
          return false
        },
      }),
    ),
  ),
  broken(
    'touch takes a session for dead before its deadline',
    ['a touch changes nothing but seenAt and expiresAt'],
    (engine) => ({
      touch: (id, seenAt, expiresAt) => engine.touch(id, seenAt + 1, expiresAt),
    }),
  ),
  broken(
    'touch moves the deadline of another session too',
    ['of concurrent touches the latest stays'],
    (engine) => {
      const ids = new Set<string>()
      return {
        create: async (record, limit, now) => {
          ids.add(record.id)
          return engine.create(record, limit, now)
        },
        touch: async (id, seenAt, expiresAt) => {
          const answers = await Promise.all([...ids].map((each) => engine.touch(each, seenAt, expiresAt)))
          return answers[[...ids].indexOf(id)] ?? false
        },
      }
    },
  ),
  broken(
    'touch leaves its session out of what is due',
    ['a touched session takes its place by its new deadline'],
    (engine) => {
      const touched = new Set<string>()
      return {
        touch: async (id, seenAt, expiresAt) => {
          const isTouched = await engine.touch(id, seenAt, expiresAt)
          if (isTouched) touched.add(id)
          return isTouched
        },
        due: async (now, limit) => (await engine.due(now, limit)).filter(({ id }) => !touched.has(id)),
      }
    },
  ),
]

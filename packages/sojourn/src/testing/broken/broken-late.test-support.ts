import {
  CLOCK_SKEW_MS,
  type Instant,
  type SessionId,
  type SessionRecord,
  TOMBSTONE_MS,
} from '../../core/port.ts'
import { asDue, recordOf } from '../shareable-store.test-support.ts'
import { type BrokenEngine, brokenLate, inModel } from './broken-engine.test-support.ts'

const UNTIL_TOUCH =
  'T52: a session that the index had lost is read as it is stored until a touch meets the cut-off'
const UNTIL_REPLACE =
  'T52: a session that the index had lost is read as it is stored until a replace meets the cut-off'
const UNTIL_END =
  'T52: a session that the index had lost is read as it is stored until an end meets the cut-off'
const NOTHING_DUE = 'nothing is ever due, whatever expired, ended or was settled'
const EXPIRED_NOW =
  'a session whose deadline has just passed by the wall clock is there: a touch in time was under way'
const REPLACED_NOW =
  'a replace with a deadline that has just passed by the wall clock leaves the record there'
const ENDED_NOW =
  'T51: a tombstone of ten minutes by the wall clock is there, and refuses what still races with its end'
const MANY_ENDED_NOW = 'the tombstones of endUser and of the limit stay as long'

/** Reads as a server does that forgets each record at an instant by its own clock. */
const forgettingAt = (leavesAt: (record: SessionRecord) => Instant) => (record: SessionRecord | null) =>
  record !== null && leavesAt(record) > Date.now() ? record : null

export const brokenLeaving: readonly BrokenEngine[] = [
  brokenLate('something is due that should leave by itself', [NOTHING_DUE], (engine) => {
    const ended: SessionId[] = []
    return {
      end: async (id, reason, at) => {
        ended.push(id)
        return engine.end(id, reason, at)
      },
      due: async () => (await engine.read(ended.splice(0))).filter((record) => record !== null).map(asDue),
    }
  }),
  brokenLate('an expired record leaves at its deadline', [EXPIRED_NOW, REPLACED_NOW], (engine) => ({
    read: async (ids) =>
      (await engine.read(ids)).map(forgettingAt(({ ended, expiresAt }) => (ended ? Infinity : expiresAt))),
  })),
  brokenLate('a replaced record leaves at its deadline', [REPLACED_NOW], (engine) => ({
    read: async (ids) =>
      (await engine.read(ids)).map(
        forgettingAt(({ expiresAt, version }) => expiresAt + (version > 1 ? 0 : CLOCK_SKEW_MS)),
      ),
  })),
  brokenLate('a tombstone leaves after ten minutes to the second', [ENDED_NOW, MANY_ENDED_NOW], (engine) => ({
    read: async (ids) =>
      (await engine.read(ids)).map(forgettingAt(({ ended }) => (ended ? ended.at + TOMBSTONE_MS : Infinity))),
  })),
  brokenLate('a tombstone that the limit made leaves at once', [MANY_ENDED_NOW], (engine) => ({
    read: async (ids) =>
      (await engine.read(ids)).map((record) => (record?.ended?.reason === 'limit' ? null : record)),
  })),
  inModel(
    brokenLate(
      'settle for good leaves what nobody is told of',
      ['a session that was settled for good is absent and never due again'],
      (engine) => ({
        settle: async (ids, keepUntil) => {
          if (keepUntil !== null) await engine.settle(ids, keepUntil)
        },
      }),
    ),
  ),
]

export const brokenLateCutOff: readonly BrokenEngine[] = [
  brokenLate(
    'a read is held against the cut-off all the same',
    [UNTIL_TOUCH, UNTIL_END],
    (engine, users) => ({
      read: async (ids) => {
        const records = await engine.read(ids)
        return records.map((record) => {
          const cutOff = record && users.cutOffOf(record)
          return record && cutOff ? { ...record, ended: { at: cutOff.at, reason: cutOff.reason } } : record
        })
      },
    }),
  ),
  brokenLate('touch is not held against the cut-off', [UNTIL_TOUCH], (engine, users) => ({
    touch: (id, seenAt, expiresAt) => users.unchecked(() => engine.touch(id, seenAt, expiresAt)),
  })),
  brokenLate('replace is not held against the cut-off', [UNTIL_REPLACE], (engine, users) => ({
    replace: (record, version, now) => users.unchecked(() => engine.replace(record, version, now)),
  })),
  brokenLate('end is not held against the cut-off', [UNTIL_END], (engine, users) => ({
    end: (id, reason, at) => users.unchecked(() => engine.end(id, reason, at)),
  })),
  brokenLate(
    'a touch that the cut-off refuses leaves the session as it was',
    [UNTIL_TOUCH],
    (engine, users) => ({
      touch: async (id, seenAt, expiresAt) => {
        const record = await recordOf(engine, id)
        const isCut = record !== null && users.cutOffOf(record) !== null
        return isCut ? false : engine.touch(id, seenAt, expiresAt)
      },
    }),
  ),
  brokenLate(
    'a write that meets the cut-off ends the session at its own instant',
    [UNTIL_TOUCH],
    (engine, users) => ({
      touch: async (id, seenAt, expiresAt) => {
        const record = await recordOf(engine, id)
        const isCut = record !== null && users.cutOffOf(record) !== null
        if (isCut) await users.unchecked(() => engine.end(id, 'admin', seenAt + 1))
        return engine.touch(id, seenAt, expiresAt)
      },
    }),
  ),
]

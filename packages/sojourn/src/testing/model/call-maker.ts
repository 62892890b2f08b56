import type { Engine, Instant, SessionId, UserKey } from '../../core/port.ts'
import { isSameCreated, isSameIds, isSameRecord, isSameRecords, isSameReplaced, shown } from './answer.ts'
import { type LaneState, liveOf } from './lane-state.ts'
import {
  createdRecord,
  idOf,
  keepUntilOf,
  limitOf,
  nextRecord,
  reasonOf,
  type Scene,
  touchOf,
  userOf,
} from './scene.ts'
import type { Call } from './script.ts'
import type { Event } from './serial-order.ts'
import { create, end, endUser, replace, type Step, settle, touch } from './verbs.ts'

/** What a call was: one event that writes, or what it saw. */
export interface Answered {
  readonly writes: readonly Event[]
  readonly during: readonly Event[]
}

/** A call that waits to be begun. */
export type Begin = (engine: Engine) => Promise<Answered>

/** The engine's call for a scripted one; null where a caller that keeps the port would not make it. */
export function callOf(scene: Scene, call: Call): Begin | null {
  return MAKERS[call.verb](scene, call)
}

const MAKERS: Readonly<Record<Call['verb'], (scene: Scene, call: Call) => Begin | null>> = {
  create: (scene, call) => {
    const [record, limit] = [createdRecord(scene, call), limitOf(scene, call.choice)]
    return writing({
      text: () => `create(${shown(record)}, ${shown(limit)}, ${scene.now})`,
      call: (engine) => engine.create(record, limit, scene.now),
      model: (state) => create(state, record, limit, scene.now),
      isSame: isSameCreated,
    })
  },
  replace: (scene, call) => {
    const record = nextRecord(scene, call)
    if (record === null) return null
    const expected = record.version - 1
    return writing({
      text: () => `replace(${shown(record)}, ${expected}, ${scene.now})`,
      call: (engine) => engine.replace(record, expected, scene.now),
      model: (state) => replace(state, record, expected, scene.now),
      isSame: isSameReplaced,
    })
  },
  touch: (scene, { slot, choice }) => {
    const [id, [seenAt, expiresAt]] = [idOf(scene, slot), touchOf(scene, choice)]
    return writing({
      text: () => `touch(${id}, ${seenAt}, ${expiresAt})`,
      call: (engine) => engine.touch(id, seenAt, expiresAt),
      model: (state) => touch(state, id, seenAt, expiresAt),
      isSame: Object.is,
    })
  },
  end: (scene, { slot, choice }) => {
    const [id, reason] = [idOf(scene, slot), reasonOf(choice)]
    return writing({
      text: () => `end(${id}, ${reason}, ${scene.now})`,
      call: (engine) => engine.end(id, reason, scene.now),
      model: (state) => end(state, id, reason, scene.now),
      isSame: Object.is,
    })
  },
  endUser: (scene, { slot, choice }) => {
    const user = userOf(scene, choice)
    const except = choice % 3 === 0 ? null : idOf(scene, slot)
    return writing({
      text: () => `endUser(${user.userId}, admin, ${scene.now}, ${except})`,
      call: (engine) => engine.endUser(user, 'admin', scene.now, except),
      model: (state) => endUser(state, user.userId, ['admin', scene.now], except),
      isSame: isSameIds,
    })
  },
  settle: (scene, { slot, choice }) => {
    const [id, keepUntil] = [idOf(scene, slot), keepUntilOf(scene, choice)]
    return writing({
      text: () => `settle(${id}, ${keepUntil})`,
      call: (engine) => engine.settle([id], keepUntil),
      model: (state) => settle(state, id, keepUntil),
      isSame: () => true,
    })
  },
  list:
    (scene, { choice }) =>
    async (engine) => ({
      writes: [],
      during: [await listing(engine, userOf(scene, choice), scene.now)],
    }),
  read:
    ({ ids }) =>
    async (engine) => ({ writes: [], during: await reading(engine, ids) }),
}

/** What a list shows, all at one instant. */
export async function listing(engine: Engine, user: UserKey, now: Instant): Promise<Event> {
  const answer = await engine.list(user, now)
  return {
    text: () => `list(${user.userId}, ${now}) answered ${shown(answer)}`,
    next: (state) => (isSameRecords(liveOf(state, user.userId, now), answer) ? state : null),
  }
}

/** What a read shows, each record at an instant of its own: a read of several is no snapshot. */
export async function reading(engine: Engine, ids: readonly SessionId[]): Promise<Event[]> {
  const records = await engine.read(ids)
  return ids.map((id, index) => {
    const answer = records[index] ?? null
    return {
      text: () => `read(${id}) answered ${shown(answer)}`,
      next: (state) => (isSameRecord(state.get(id)?.record ?? null, answer) ? state : null),
    }
  })
}

function writing<Answer>(verb: {
  readonly text: () => string
  readonly call: (engine: Engine) => Promise<Answer>
  readonly model: (state: LaneState) => Step<Answer>
  readonly isSame: (a: Answer, b: Answer) => boolean
}): Begin {
  return async (engine) => {
    const answer = await verb.call(engine)
    const write: Event = {
      text: () => `${verb.text()} answered ${shown(answer)}`,
      next: (state) => {
        const [next, expected] = verb.model(state)
        return verb.isSame(expected, answer) ? next : null
      },
    }
    return { writes: [write], during: [] }
  }
}

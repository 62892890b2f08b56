import assert from 'node:assert/strict'
import { NEVER, type SessionId } from '../../core/port.ts'
import { HOUR, MINUTE, NOW, numbered, sample, sampleUser } from '../../testing/sample.ts'
import { CachedRecords } from './cached-records.ts'
import { type CachedWorld, LIMITS, STALE_MS, type Twist } from './cached-world.test-support.ts'
import { Freshness } from './freshness.ts'
import { ReadsInFlight } from './reads-in-flight.ts'
import { deaf, lying } from './told.test-support.ts'
import { WritesInFlight } from './writes-in-flight.ts'

/** One promise of the near cache, and a twin that breaks it. */
export interface Rule {
  readonly name: string
  readonly twin: string
  readonly twist: Twist
  /** Rejects when the promise is broken. */
  readonly hold: (world: CachedWorld) => Promise<void>
}

const session = sample()
const { id } = session

class NeverFresh extends Freshness {
  override get isFresh(): boolean {
    return false
  }
}
class AlwaysListening extends Freshness {
  override get isListening(): boolean {
    return true
  }
}
class OneClock extends Freshness {
  override get isFresh(): boolean {
    return this.isListening
  }
}
class PastDeadlines extends CachedRecords {
  override get(each: SessionId) {
    return super.get(each, 0)
  }
}
class DropsNothing extends CachedRecords {
  override drop(): void {}
}
class DropsOnce extends CachedRecords {
  #dropped = 0
  override drop(each: SessionId): void {
    this.#dropped += 1
    if (this.#dropped === 1) super.drop(each)
  }
}
class DropsLate extends CachedRecords {
  #dropped = 0
  override drop(each: SessionId): void {
    this.#dropped += 1
    if (this.#dropped > 1) super.drop(each)
  }
}
class DropsNoUser extends CachedRecords {
  override dropUser(): void {}
}
class SpoilsNothing extends ReadsInFlight {
  override spoil(): void {}
}
class SpoilsNotAll extends ReadsInFlight {
  override spoilAll(): void {}
}
class NoWrites extends WritesInFlight {
  override mayChange(): boolean {
    return false
  }
}

async function isEnded(world: CachedWorld, which = id): Promise<void> {
  assert.notEqual((await world.read(which))?.ended ?? null, null, 'a session that has ended was served')
}

async function isLive(world: CachedWorld, which = id): Promise<void> {
  assert.equal((await world.read(which))?.ended, null)
}

export const RULES: readonly Rule[] = [
  {
    name: 'what nobody has changed is asked for once',
    twin: 'never serves',
    twist: ({ invalidations, clock }) => ({ freshness: new NeverFresh(invalidations, clock, STALE_MS) }),
    async hold(world) {
      await world.warm(session)
      for (let read = 0; read < 5; read += 1) assert.deepEqual({ ...(await world.read(id)) }.version, 1)
      assert.equal(world.asked, 0)
    },
  },
  {
    name: 'what another process was told is done is not served once its message has come',
    twin: 'does not listen',
    twist: ({ invalidations }) => ({ invalidations: deaf(invalidations, { changed: () => undefined }) }),
    async hold(world) {
      await world.warm(session)
      await world.theirs.end(id, 'logout', NOW)
      world.told.change(id)
      await isEnded(world)
    },
  },
  {
    name: 'a write of this process is seen at once',
    twin: 'drops nothing for its own writes',
    twist: () => ({ cached: new DropsNothing(LIMITS) }),
    async hold(world) {
      await world.warm(session)
      await world.engine.end(id, 'logout', NOW)
      await isEnded(world)
    },
  },
  {
    name: 'while a write of this process is under way the record is not served from memory',
    twin: 'drops only when the write is done',
    twist: () => ({ cached: new DropsLate(LIMITS) }),
    async hold(world) {
      await world.warm(session)
      const held = world.line.hold('end', 'after')
      const ending = world.engine.end(id, 'logout', NOW)
      await held.reached
      await isEnded(world)
      held.release()
      await ending
    },
  },
  {
    name: 'what is read while a write of this process is under way is not kept',
    twin: 'keeps it',
    twist: () => ({ writes: new NoWrites(), cached: new DropsOnce(LIMITS) }),
    async hold(world) {
      await world.warm(session)
      const held = world.line.hold('end')
      const ending = world.engine.end(id, 'logout', NOW)
      await held.reached
      await isLive(world)
      held.release()
      await ending
      await isEnded(world)
    },
  },
  {
    name: 'after a write of unknown outcome the engine is asked',
    twin: 'drops nothing for its own writes',
    twist: () => ({ cached: new DropsNothing(LIMITS) }),
    async hold(world) {
      await world.warm(session)
      world.line.fail('end', 'after')
      await assert.rejects(world.engine.end(id, 'logout', NOW), { code: 'OUTCOME_UNKNOWN' })
      await isEnded(world)
    },
  },
  {
    name: 'a read that a message overtakes is not kept',
    twin: 'keeps it',
    twist: () => ({ reads: new SpoilsNothing() }),
    async hold(world) {
      await world.warm()
      await world.theirs.create(session, null, NOW)
      const held = world.line.hold('read', 'after')
      const reading = world.read(id)
      await held.reached
      await world.theirs.end(id, 'logout', NOW)
      world.told.change(id)
      held.release()
      await reading
      await isEnded(world)
    },
  },
  {
    name: 'a read across a gap in the messages is not kept',
    twin: 'keeps it',
    twist: () => ({ reads: new SpoilsNotAll() }),
    async hold(world) {
      await world.warm()
      await world.theirs.create(session, null, NOW)
      const held = world.line.hold('read', 'after')
      const reading = world.read(id)
      await held.reached
      world.told.lose()
      await world.theirs.end(id, 'logout', NOW)
      await world.pass(STALE_MS / 2)
      held.release()
      await reading
      await isEnded(world)
    },
  },
  {
    name: 'a read that began before anybody listened is not kept',
    twin: 'keeps it',
    twist: ({ invalidations, clock }) => ({
      freshness: new AlwaysListening(invalidations, clock, STALE_MS),
    }),
    async hold(world) {
      world.told.lose()
      await world.theirs.create(session, null, NOW)
      const held = world.line.hold('read', 'after')
      const reading = world.read(id)
      await held.reached
      await world.theirs.end(id, 'logout', NOW)
      await world.pass(STALE_MS / 2)
      held.release()
      await reading
      await isEnded(world)
    },
  },
  {
    name: 'when messages may have been lost everything is dropped',
    twin: 'does not mind',
    twist: ({ invalidations }) => ({ invalidations: deaf(invalidations, { lost: () => undefined }) }),
    async hold(world) {
      await world.warm(session)
      await world.theirs.end(id, 'logout', NOW)
      world.told.lose()
      await isEnded(world)
      await world.pass(STALE_MS)
      await isEnded(world)
    },
  },
  {
    name: 'when the server falls silent nothing is served beyond the bound',
    twin: 'takes an open connection for a live one',
    twist: ({ invalidations, clock }) => ({
      freshness: new Freshness(lying(invalidations), clock, STALE_MS),
    }),
    async hold(world) {
      await world.warm(session)
      world.told.isSilent = true
      await world.theirs.end(id, 'logout', NOW)
      await world.pass(STALE_MS)
      await isEnded(world)
    },
  },
  {
    name: 'after a machine was suspended nothing is served before the server has answered',
    twin: 'goes by one clock',
    twist: ({ invalidations, clock }) => ({ freshness: new OneClock(invalidations, clock, STALE_MS) }),
    async hold(world) {
      await world.warm(session)
      await world.theirs.end(id, 'logout', NOW)
      world.clock.jump(STALE_MS)
      await isEnded(world)
    },
  },
  {
    name: 'nothing is served past its deadline',
    twin: 'does not look at deadlines',
    twist: () => ({ cached: new PastDeadlines(LIMITS) }),
    async hold(world) {
      await world.warm(session)
      world.clock.jump(session.expiresAt - world.clock.now())
      await world.pass(STALE_MS)
      world.line.forget()
      await world.read(id)
      assert.equal(world.asked, 1, 'a session was served past its deadline')
    },
  },
  {
    name: 'a revoke of all of a user’s sessions is seen at once',
    twin: 'drops by id only',
    twist: () => ({ cached: new DropsNoUser(LIMITS) }),
    async hold(world) {
      await world.warm(session, numbered(2))
      await world.engine.endUser(sampleUser('u_1'), 'revoked', NOW + MINUTE, null)
      await isEnded(world)
      await isEnded(world, numbered(2).id)
    },
  },
  {
    name: 'a session that gave way to a log-in is not served',
    twin: 'drops by id only',
    twist: () => ({ cached: new DropsNoUser(LIMITS) }),
    async hold(world) {
      await world.warm(session)
      await world.engine.create(
        numbered(2, { createdAt: NOW + 1 }),
        { max: 1, whenFull: 'endOldest', replaces: null },
        NOW + 1,
      )
      await isEnded(world)
    },
  },
  {
    name: 'a read that a revoke of the user overtakes is not kept',
    twin: 'keeps it',
    twist: () => ({ reads: new SpoilsNotAll() }),
    async hold(world) {
      await world.warm()
      await world.theirs.create(session, null, NOW)
      const held = world.line.hold('read', 'after')
      const reading = world.read(id)
      await held.reached
      await world.engine.endUser(sampleUser('u_1'), 'revoked', NOW, null)
      held.release()
      await reading
      await isEnded(world)
    },
  },
  {
    name: 'no more sessions are kept than allowed',
    twin: 'counts them wrong',
    twist: () => ({ cached: new CachedRecords({ ...LIMITS, maxSessions: 2 * LIMITS.maxSessions }) }),
    async hold(world) {
      await world.warm(...Array.from({ length: 150 }, (_, index) => anonymous(index, 10)))
      assert.equal(world.engine.status.sessions, LIMITS.maxSessions)
    },
  },
  {
    name: 'no more bytes are kept than allowed',
    twin: 'counts them wrong',
    twist: () => ({ cached: new CachedRecords({ ...LIMITS, maxBytes: 2 * LIMITS.maxBytes }) }),
    async hold(world) {
      await world.warm(...Array.from({ length: 50 }, (_, index) => anonymous(index, 60_000)))
      const { sessions, bytes } = world.engine.status
      assert.ok(bytes <= LIMITS.maxBytes && bytes > LIMITS.maxBytes / 2, `${bytes} bytes`)
      assert.ok(sessions > 10 && sessions < 20, `${sessions} sessions`)
    },
  },
  {
    name: 'what the store keeps about itself is always asked for',
    twin: 'takes it for a session',
    twist: ({ engine }) => ({ engine: mortal(engine) }),
    async hold(world) {
      await world.warm(sample({ expiresAt: NEVER, absoluteAt: NEVER, userId: null }))
      await world.read(id)
      assert.equal(world.asked, 1)
    },
  },
]

const anonymous = (number: number, bytes: number) =>
  numbered(number, { userId: null, data: new Uint8Array(bytes), absoluteAt: NOW + 8 * HOUR })

/** Gives everything a deadline. */
function mortal(engine: CachedWorld['theirs']): CachedWorld['theirs'] {
  return new Proxy(engine, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      if (name !== 'read') return method.bind(target)
      return async (ids: readonly SessionId[]) =>
        (await target.read(ids)).map((record) => record && { ...record, expiresAt: NEVER - 1 })
    },
  })
}

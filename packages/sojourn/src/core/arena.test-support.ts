import { over } from '../testing/shareable-store.test-support.ts'
import { Known, type Score } from './arena-session.test-support.ts'
import { VERBS } from './arena-verbs.test-support.ts'
import { createSessionStore } from './create-session-store.ts'
import type { Storage } from './engines.test-support.ts'
import { SessionError } from './errors.ts'
import type { Engine, SessionId, SessionRecord } from './port.ts'
import { Chance, type Fate, Scheduler } from './scheduler.test-support.ts'
import { presentedAs } from './secrets.ts'
import type { Issued } from './session.ts'
import type { SessionStore } from './session-store.ts'
import { TestClock } from './test-clock.test-support.ts'
import { digestOf, ID_LENGTH, sameDigest } from './token.ts'

const USERS = ['u_1', 'u_2', 'u_3'] as const
const MAX_PER_USER = 3
const CORNERS = 3
const MINUTE = 60_000
const ALL_VERBS = VERBS.flatMap((verb) => Array.from({ length: verb.weight }, () => verb))

/** Makes a broken engine of a sound one, given it as it is and one step at a time. */
export type Twin = (raw: Engine, stepped: Engine) => Partial<Engine>

export interface ArenaOptions {
  readonly storage: Storage
  readonly seed: number
  /** Whether calls fail, answers get lost or come too late, and processes die. */
  readonly faults: boolean
  readonly twin?: Twin
}

/** A store as one process has it. */
export interface Corner {
  readonly store: SessionStore<Score>
  /** Outlives the store: a call that was on its way when the process died may still arrive. */
  readonly handle: Engine
  isDead: boolean
}

/**
 * Three stores over one storage, and a bystander who knows only what was answered and told. A `round` starts
 * two to six verbs, lets them, their engine calls and the answers go on in an order that chance draws, and
 * then compares what is stored with what the bystander knows.
 */
export class Arena {
  readonly clock = new TestClock()
  readonly chance: Chance
  readonly mustBeDead = new Set<Known>()
  /** Users with a log-in that failed half-way: what it left behind may count. */
  readonly unsureUsers = new Set<string>()
  readonly #options: ArenaOptions
  readonly #whenFull: 'endOldest' | 'refuse'
  readonly #scheduler: Scheduler
  readonly #known = new Map<SessionId, Known>()
  /** What this round had to do with. */
  readonly #touched = new Set<Known>()
  readonly #underway = new Map<object, Corner>()
  readonly #violations: string[] = []
  readonly #engine: Engine
  readonly #handles: Engine[]
  #checker: SessionStore<Score> | null = null
  readonly #corners: Corner[] = []
  #timeouts = 0
  /** Calls that an engine works on, also for a process that has died meanwhile. */
  #executing = 0

  static async open(options: ArenaOptions): Promise<Arena> {
    const arena = new Arena(options, await options.storage.open())
    await arena.#fill()
    return arena
  }

  constructor(options: ArenaOptions, engine: Engine) {
    this.#options = options
    this.#engine = engine
    this.#handles = [engine]
    this.chance = new Chance(options.seed)
    this.#whenFull = this.chance.happens(0.7) ? 'endOldest' : 'refuse'
    const lost = () => new SessionError('OUTCOME_UNKNOWN', 'The line broke.')
    this.#scheduler = new Scheduler(this.chance, (turn) => this.#fate(turn), lost)
  }

  get #judge(): SessionStore<Score> {
    if (this.#checker === null) throw new Error('The arena is not open.')
    return this.#checker
  }

  /** One interleaving. Throws when a promise was broken. */
  async round(): Promise<void> {
    this.#passTime()
    for (let left = 2 + this.chance.below(5); left > 0; left -= 1) {
      const corner = this.chance.pick(this.#corners)
      const verb = this.chance.pick(ALL_VERBS)
      if (corner && verb) this.#begin(corner, () => verb.run(this, corner))
    }
    await this.#scheduler.run(() => this.#underway.size + this.#executing === 0)
    await this.#fillCorners()
    for (const corner of this.#corners) this.#begin(corner, () => corner.store.drain())
    await this.#scheduler.run(() => this.#underway.size + this.#executing === 0)
    await this.#fillCorners()
    await this.#compare()
  }

  /** Lets every session expire and be swept, and counts the ends. */
  async close(): Promise<void> {
    for (const wait of [9 * 60 * MINUTE, 2 * MINUTE, 11 * MINUTE, 2 * MINUTE]) {
      this.clock.advance(wait)
      this.#judge.trustClock()
      while ((await this.#judge.sweep()) > 0);
    }
    for (const { id, ends } of this.#known.values()) {
      if (!this.#options.faults) this.expect(ends === 1, `${id} ended, which was told ${ends} times`)
      const [record] = await this.#engine.read([id])
      this.expect(!record, `${id} is still stored`)
    }
    this.#throwIfBroken()
    await Promise.all(this.#handles.map((handle) => handle.close()))
    await this.#options.storage.dispose()
  }

  /** Whether one more session without a user would only slow the round down. */
  get isCrowded(): boolean {
    return this.#alive().length > 12
  }

  user(): string {
    return this.chance.pick(USERS) ?? USERS[0]
  }

  know(id: SessionId): Known {
    const known = this.#known.get(id) ?? new Known(id)
    this.#known.set(id, known)
    this.#touched.add(known)
    return known
  }

  sessionsOf(userId: string): Known[] {
    return this.#alive().filter((known) => known.userId === userId)
  }

  /** Mostly a session that lives, at times one that has ended. */
  target(): Known | null {
    const issued = [...this.#known.values()].filter(({ isIssued }) => isIssued)
    const alive = issued.filter(({ ends }) => ends === 0)
    const target = this.chance.pick(this.chance.happens(0.85) ? alive : issued.slice(-20))
    return target ? this.know(target.id) : null
  }

  issued({ token, session }: Issued<Score>): Known {
    const known = this.know(session.id)
    known.tokens.push(token)
    known.userId = session.userId
    known.stale = session
    known.isIssued = true
    return known
  }

  /** The answer; undefined for a failure that may happen. */
  async attempt<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer
    } catch (error) {
      const code = error instanceof SessionError ? error.code : null
      const isFair = code === 'CONFLICT' || (code === 'USER_LIMIT_REACHED' && this.#whenFull === 'refuse')
      const isFault = code === 'OUTCOME_UNKNOWN' || code === 'ENGINE_UNAVAILABLE'
      this.expect(isFair || (isFault && this.#options.faults), `a verb failed: ${error}`)
      return undefined
    }
  }

  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.#violations.push(otherwise)
  }

  #alive(): Known[] {
    return [...this.#known.values()].filter(({ ends }) => ends === 0)
  }

  #passTime(): void {
    const [scale = 0] = [this.chance.next()]
    if (scale < 0.6) this.clock.advance(this.chance.below(100))
    else if (scale < 0.85) this.clock.advance(this.chance.below(15_000))
    else if (scale < 0.96) this.clock.advance(this.chance.below(3 * MINUTE))
    else this.clock.advance(this.chance.below(40 * MINUTE))
    this.#timeouts = 0
  }

  #begin(corner: Corner, run: () => Promise<void>): void {
    const task = {}
    this.#underway.set(task, corner)
    const begun = this.#scheduler.turn(corner).then(run, () => undefined)
    begun
      .catch((error: unknown) => this.expect(false, `a verb broke: ${error}`))
      .finally(() => this.#underway.delete(task))
  }

  /** A little time goes by between steps; with faults, lines break, calls time out and processes die. */
  readonly #fate: Fate = ({ place }) => {
    if (this.chance.happens(0.1)) this.clock.advance(this.chance.below(40))
    if (!this.#options.faults) return 'goes'
    const dice = this.chance.next()
    if (dice < 0.03) return 'fails'
    if (dice < 0.035) return this.#kill(place)
    if (dice < 0.045 && this.#timeouts < 2) {
      this.#timeouts += 1
      this.clock.advance(1_001)
    }
    return 'goes'
  }

  #kill(place: object): 'goes' | 'vanishes' {
    const corner = this.#corners.find((each) => each === place)
    if (corner === undefined) return 'goes'
    corner.isDead = true
    for (const userId of USERS) this.unsureUsers.add(userId)
    this.#scheduler.forget(corner)
    for (const [task, owner] of this.#underway) if (owner === corner) this.#underway.delete(task)
    return 'vanishes'
  }

  async #fill(): Promise<void> {
    const { twin } = this.#options
    const engine = this.#engine
    const judged = twin ? over(engine, twin(engine, engine)) : engine
    this.#checker = await this.#storeOver(judged, false)
    while (this.#corners.length < CORNERS) {
      const handle = await this.#options.storage.open()
      this.#handles.push(handle)
      this.#corners.push(await this.#corner(handle))
    }
  }

  /** A new process in the place of each that died. */
  async #fillCorners(): Promise<void> {
    for (const [index, { isDead, handle }] of this.#corners.entries()) {
      if (isDead) this.#corners[index] = await this.#corner(handle)
    }
  }

  async #corner(handle: Engine): Promise<Corner> {
    const line: { corner: Corner | null } = { corner: null }
    const store = await this.#storeOver(this.#stepped(handle, line), true)
    line.corner = { store, handle, isDead: false }
    return line.corner
  }

  async #storeOver(engine: Engine, lazy: boolean): Promise<SessionStore<Score>> {
    const perUser = { max: MAX_PER_USER, whenFull: this.#whenFull }
    const store = await createSessionStore<Score>({ engine, clock: this.clock, sweep: false, lazy, perUser })
    store.on('created', ({ id, userId }) => {
      this.know(id).userId = userId
    })
    store.on('ended', ({ id }) => {
      const known = this.know(id)
      known.ends += 1
      this.expect(known.ends === 1, `the end of ${id} was told ${known.ends} times`)
    })
    return store
  }

  /** The engine, whose calls and answers wait for their turn; broken, if this arena is about a broken one. */
  #stepped(raw: Engine, line: { readonly corner: Corner | null }): Engine {
    const turn = (): Promise<void> => this.#scheduler.turn(line.corner ?? line)
    const step = async <T>(run: () => Promise<T>): Promise<T> => {
      await turn()
      this.#executing += 1
      const answer = await run().finally(() => {
        this.#executing -= 1
      })
      if (this.chance.happens(0.5)) await turn()
      return answer
    }
    const stepped: Engine = {
      traits: raw.traits,
      read: (ids) => step(() => raw.read(ids)),
      create: (record, limit, now) => step(() => raw.create(record, limit, now)),
      replace: (record, expectedVersion, now) => step(() => raw.replace(record, expectedVersion, now)),
      touch: (id, seenAt, expiresAt) => step(() => raw.touch(id, seenAt, expiresAt)),
      end: (id, reason, at) => step(() => raw.end(id, reason, at)),
      list: (user, now) => step(() => raw.list(user, now)),
      endUser: (user, reason, at, except) => step(() => raw.endUser(user, reason, at, except)),
      due: (now, limit) => step(() => raw.due(now, limit)),
      settle: (ids, keepUntil) => step(() => raw.settle(ids, keepUntil)),
      scan: (after, limit) => step(() => raw.scan(after, limit)),
      close: () => raw.close(),
    }
    return this.#options.twin ? over(stepped, this.#options.twin(raw, stepped)) : stepped
  }

  /** What is stored against what the bystander knows, while nothing is under way. */
  async #compare(): Promise<void> {
    this.#throwIfBroken()
    const now = this.clock.now()
    const all = [...this.#known.values()].filter((known) => this.#isToCompare(known))
    const records = await this.#engine.read(all.map(({ id }) => id))
    const live = new Set<SessionId>()
    for (const [index, known] of all.entries()) {
      const record = records[index] ?? null
      if (record === null || record.ended !== null || now >= record.expiresAt) {
        this.#compareDead(known, record)
      } else {
        live.add(known.id)
        await this.#compareLive(known, record)
      }
    }
    for (const userId of USERS) await this.#compareUser(userId, all, live)
    this.mustBeDead.clear()
    this.#touched.clear()
    this.#throwIfBroken()
  }

  /** Every session that should live, and those that ended now; of the others some, at times. */
  #isToCompare(known: Known): boolean {
    return known.ends === 0 || this.#touched.has(known) || this.chance.happens(0.1)
  }

  #compareDead(known: Known, record: SessionRecord | null): void {
    const { id, ends } = known
    const isExpired = record !== null && record.ended === null
    this.expect(isExpired || ends > 0 || this.#options.faults, `${id} ended, and nobody was told`)
    known.isDead = true
  }

  async #compareLive(known: Known, record: SessionRecord): Promise<void> {
    const { id, tokens } = known
    this.expect(known.ends === 0 && !known.isDead, `${id} lives after its end`)
    this.expect(!this.mustBeDead.has(known), `${id} escaped from revokeUser`)
    const deadline = Math.min(record.seenAt + 30 * MINUTE, record.absoluteAt)
    this.expect(record.expiresAt <= deadline, `${id} lives past its deadline`)
    const current = tokens.findIndex((token) => sameDigest(record.digest, digestOf(token.slice(ID_LENGTH))))
    this.expect(current >= 0 || this.#options.faults, `nobody holds the token of ${id}`)
    if (current >= 0) tokens.push(...tokens.splice(current, 1))
    if (!known.isIssued) return
    if (!this.#touched.has(known) && this.chance.happens(0.9)) return
    const now = this.clock.now()
    const standings = tokens.map((token) => presentedAs(record, digestOf(token.slice(ID_LENGTH)), now))
    const valid = standings.filter((standing) => standing === 'current' || standing === 'alias')
    this.expect(valid.length <= 2, `${valid.length} tokens open ${id}`)
    await this.#compareScore(known)
  }

  async #compareScore(known: Known): Promise<void> {
    const { id } = known
    const session = await this.#judge.update({ id, operator: true }, () => null, { touch: false })
    const { count = 0, bonus = 0 } = session?.data ?? {}
    const { min, max } = known.countRange
    this.expect(count >= min && count <= max, `${id} counts ${count}, and not ${min} to ${max}`)
    const bonuses = known.bonusRange
    const most = this.#options.faults ? Number.POSITIVE_INFINITY : bonuses.max
    this.expect(bonus >= bonuses.min && bonus <= most, `${id} has ${bonus} bonus, and not ${bonuses.min}`)
  }

  async #compareUser(userId: string, all: readonly Known[], live: ReadonlySet<SessionId>): Promise<void> {
    const listed = (await this.#judge.list({ userId })).map(({ id }) => id)
    const mine = all.filter((known) => known.userId === userId && live.has(known.id)).map(({ id }) => id)
    const isUnsure = this.unsureUsers.has(userId)
    const surplus = listed.filter((id) => !mine.includes(id))
    this.expect(isUnsure || surplus.length === 0, `${surplus} is listed and does not live`)
    const missing = mine.filter((id) => !listed.includes(id))
    this.expect(missing.length === 0, `${missing} lives and is not listed`)
    this.expect(isUnsure || listed.length <= MAX_PER_USER, `${userId} has ${listed.length} sessions`)
  }

  #throwIfBroken(): void {
    const [first] = this.#violations
    if (first !== undefined) throw new Error(`seed ${this.#options.seed}: ${first}`)
  }
}

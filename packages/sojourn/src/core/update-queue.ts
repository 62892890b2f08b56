import { type Activity, afterActivity } from './activity.ts'
import type { Addressed } from './address.ts'
import { type StoreContext, snapshotOf } from './context.ts'
import { SessionError } from './errors.ts'
import { isHandedOver } from './foreign-succession.ts'
import { expiryOf } from './lifetime.ts'
import { noteUse } from './look-up.ts'
import type { Recipe } from './options.ts'
import type { Instant, SessionId, SessionRecord } from './port.ts'
import { type Applied, applyRecipes } from './recipes.ts'
import { secretsAfterUse } from './secrets.ts'
import type { Session } from './session.ts'
import type { TokenParts } from './token.ts'

/** Compare-and-swaps that may lose against other processes before the callers hear of it. */
const CONFLICT_RETRIES = 8
const WAITING_LIMIT = 100

/** Whether an update counts as activity now, or what it counts as instead. */
type Use = boolean | Activity

interface Job<Data> {
  readonly recipe: Recipe<Data>
  readonly addressed: Addressed
  readonly touch: Use
  readonly resolve: (session: Session<Data> | null) => void
  readonly reject: (error: unknown) => void
}

type Base = Pick<Addressed, 'record' | 'fresh'>
type Step = { readonly again: Base } | { readonly done: SessionRecord | null }

/**
 * Updates of one session in one process stand in a queue: what arrives while a write is on its way is
 * applied to one draft and written as one. Between processes the version decides.
 */
export class UpdateQueue<Data> {
  readonly #context: StoreContext<Data>
  /** The jobs that wait, by session; an entry exists as long as its session is being written. */
  readonly #waiting = new Map<SessionId, Job<Data>[]>()

  constructor(context: StoreContext<Data>) {
    this.#context = context
  }

  /** The session after the recipe; null when it has ended. Rejects with what the recipe throws. */
  submit(addressed: Addressed, recipe: Recipe<Data>, touch: Use): Promise<Session<Data> | null> {
    return new Promise((resolve, reject) => {
      const job = { recipe, addressed, touch, resolve, reject }
      const waiting = this.#waiting.get(addressed.record.id)
      if (waiting === undefined) this.#start(job)
      else if (waiting.length < WAITING_LIMIT) waiting.push(job)
      else reject(new SessionError('OVERLOADED', `${WAITING_LIMIT} updates of one session are waiting.`))
    })
  }

  #start(job: Job<Data>): void {
    const { id } = job.addressed.record
    this.#waiting.set(id, [job])
    this.#context.background.track(this.#run(id))
  }

  async #run(id: SessionId): Promise<void> {
    let latest: SessionRecord | null = null
    for (let jobs = this.#take(id); jobs.length > 0; jobs = this.#take(id)) {
      try {
        latest = await this.#commit(jobs, baseOf(latest, jobs))
      } catch (error) {
        for (const job of jobs) job.reject(error)
      }
    }
    this.#waiting.delete(id)
  }

  #take(id: SessionId): Job<Data>[] {
    const jobs = this.#waiting.get(id) ?? []
    this.#waiting.set(id, [])
    return jobs
  }

  /** Applies the jobs and writes once; what is stored then, or null when the session is gone. */
  async #commit(jobs: readonly Job<Data>[], start: Base): Promise<SessionRecord | null> {
    let step: Step = { again: start }
    for (let attempt = 0; attempt <= CONFLICT_RETRIES && 'again' in step; attempt += 1) {
      step = await this.#attempt(jobs, step.again)
    }
    if ('done' in step) return step.done
    throw new SessionError('CONFLICT', `${CONFLICT_RETRIES} tries lost.`)
  }

  async #attempt(jobs: readonly Job<Data>[], base: Base): Promise<Step> {
    const isLive = this.#context.records.isLive(base.record, this.#context.clock.now())
    if (!isLive || isHandedOver(base.record)) return base.fresh ? this.#gone(jobs) : this.#reread(jobs, base)
    const recipes = jobs.map(({ recipe }) => recipe)
    const applied = await applyRecipes(this.#context.codec, base.record, recipes)
    if (!base.fresh && isVerdict(applied)) return this.#reread(jobs, base)
    if (!applied.changed || applied.written === null) {
      this.#noteUse(jobs, base.record)
      return await this.#finish(jobs, applied, base.record)
    }
    const now = this.#context.clock.now()
    const next = this.#nextRecord(base.record, applied.written.bytes, jobs, now)
    const replaced = await this.#context.engine.replace(next, base.record.version, now)
    if (replaced.outcome === 'done') {
      this.#context.noteChange(next.id)
      return await this.#finish(jobs, applied, next)
    }
    if (replaced.outcome === 'gone') return this.#gone(jobs)
    this.#context.counters.add('conflicts')
    return { again: { record: replaced.current, fresh: true } }
  }

  async #reread(jobs: readonly Job<Data>[], base: Base): Promise<Step> {
    const record = await this.#context.records.readOne(base.record.id)
    return record === null ? this.#gone(jobs) : { again: { record, fresh: true } }
  }

  #nextRecord(
    base: SessionRecord,
    data: Uint8Array,
    jobs: readonly Job<Data>[],
    now: Instant,
  ): SessionRecord {
    const { seenAt, expiresAt } = this.#timesAfter(base, jobs, now)
    const { digest, previous, retired } = secretsAfterUse(base, tokensOf(jobs), now)
    const { id, userId, version, createdAt, absoluteAt, authenticatedAt, ended } = base
    // Written out, in the order of those that engines make: spreading is slow, and so is reading what comes of it.
    return {
      id,
      userId,
      version: version + 1,
      createdAt,
      seenAt,
      expiresAt,
      absoluteAt,
      authenticatedAt,
      digest,
      previous,
      retired,
      ended,
      data,
    }
  }

  #timesAfter(base: SessionRecord, jobs: readonly Job<Data>[], now: Instant): Activity {
    const { absoluteAt } = base
    const active = jobs.some((job) => job.touch === true)
    const seenAt = active ? Math.max(now, base.seenAt) : base.seenAt
    const { idle } = this.#context.policy.lifetime
    const expiresAt = active ? expiryOf(seenAt, idle, absoluteAt) : base.expiresAt
    let times: Activity = { seenAt, expiresAt }
    for (const { touch } of jobs) {
      if (typeof touch === 'object') times = afterActivity({ ...times, absoluteAt }, touch)
    }
    return times
  }

  /** A token that changed nothing was used all the same. */
  #noteUse(jobs: readonly Job<Data>[], record: SessionRecord): void {
    const named = jobs.filter(({ addressed }) => addressed.token !== null)
    if (named.length === 0) return
    const active = named.some((job) => job.touch === true)
    noteUse(this.#context, record, tokensOf(named), active)
  }

  #gone(jobs: readonly Job<Data>[]): Step {
    for (const job of jobs) job.resolve(null)
    return { done: null }
  }

  async #finish(jobs: readonly Job<Data>[], applied: Applied<Data>, record: SessionRecord): Promise<Step> {
    // One caller gets what was just written. What cannot be frozen must not be shared, so the others get copies.
    let { written } = applied
    for (const [index, job] of jobs.entries()) {
      const refused = applied.outcomes[index]
      if (refused) {
        job.reject(refused.error)
        continue
      }
      const decoded = written ?? (await this.#context.codec.read(record))
      written = null
      job.resolve(snapshotOf(record, decoded, job.addressed.superseded))
    }
    return { done: record }
  }
}

/**
 * Whether a recipe refused, or found nothing to do. Nothing is written then that the version could check, so
 * on an old snapshot the recipes must decide again on what is stored.
 */
function isVerdict<Data>(applied: Applied<Data>): boolean {
  return !applied.changed || applied.outcomes.some((outcome) => outcome !== null)
}

function tokensOf<Data>(jobs: readonly Job<Data>[]): TokenParts[] {
  return jobs.flatMap(({ addressed }) => addressed.token ?? [])
}

/**
 * The newest record that is at hand, also from the write before; of one version the one that came last, since
 * a touch changes no version. It counts as read for these jobs only when each of them brought a fresh one:
 * then it is at least as new as all of those.
 */
function baseOf<Data>(latest: SessionRecord | null, jobs: readonly Job<Data>[]): Base {
  const known = [...(latest === null ? [] : [latest]), ...jobs.map(({ addressed }) => addressed.record)]
  const record = known.reduce((best, other) => (other.version >= best.version ? other : best))
  return { record, fresh: jobs.every(({ addressed }) => addressed.fresh) }
}

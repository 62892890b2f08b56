import type { Activity } from './activity.ts'
import { eventOf } from './context.ts'
import { SessionError } from './errors.ts'
import { type Content, ForeignBirth } from './foreign-birth.ts'
import type { JsonObject } from './foreign-data.ts'
import { ForeignHandOver } from './foreign-hand-over.ts'
import { ForeignKeeper } from './foreign-keeper.ts'
import type { ForeignKey } from './foreign-link.ts'
import type { ForeignLinks, Led, Target } from './foreign-links.ts'
import { changesBetween, isNoChange } from './foreign-merge.ts'
import type { CheckedForeign } from './foreign-options.ts'
import type { ForeignShared } from './foreign-shared.ts'
import type { ForeignView, Seen } from './foreign-view.ts'
import { asUser, fieldsIn, type Lay, laidOver, UserChanged } from './foreign-write.ts'
import type { SessionId, SessionRecord } from './port.ts'
import { InfoSnapshot } from './snapshot.ts'

const ATTEMPTS = 8

/** A write that is under way. */
export interface Job {
  readonly key: ForeignKey
  readonly data: JsonObject
  readonly use: Activity
  readonly view: ForeignView | null
}

interface Attempt {
  readonly job: Job
  readonly seen: Seen | null
  /** Whether the session was read for this very attempt. */
  readonly fresh: boolean
  /** Lets the next write of this id begin. */
  readonly leave: () => void
}

/** What a refused write would have been to. */
interface Refusal {
  readonly refused: { readonly id: SessionId; readonly userId: string | null }
}

/** What an attempt came to; `again`: somebody else was first, so look once more. */
type Step = 'again' | Refusal | Led

/**
 * Writes foreign sessions. Those of one session in one process are laid over each other and written as one, by the
 * update queue; those that make a session, or make it another's, stand alone.
 */
export class ForeignWriter<Data> {
  readonly #shared: ForeignShared<Data>
  readonly #options: CheckedForeign
  readonly #links: ForeignLinks
  readonly #birth: ForeignBirth<Data>
  readonly #handOvers: ForeignHandOver<Data>
  readonly #keeper: ForeignKeeper

  constructor(shared: ForeignShared<Data>, options: CheckedForeign, links: ForeignLinks) {
    this.#shared = shared
    this.#options = options
    this.#links = links
    this.#birth = new ForeignBirth(shared.context, links)
    this.#handOvers = new ForeignHandOver(shared, links)
    this.#keeper = new ForeignKeeper(links, shared.deadlines)
  }

  /** False when it was refused because the session has ended. */
  write(job: Job): Promise<boolean> {
    const whole = job.view === null ? this.#write(job) : job.view.inTurn(() => this.#write(job))
    return this.#shared.turns.track(job.key.hash, whole)
  }

  async #write(job: Job): Promise<boolean> {
    const tries = { count: 0 }
    while (tries.count < ATTEMPTS) {
      const step = await this.#shared.turns.take(job.key.hash, (leave) => this.#inTurn(job, tries, leave))
      if (step === 'again') continue
      if ('refused' in step) return this.#refuse(step)
      job.view?.note({ ...step, data: job.data })
      return true
    }
    throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
  }

  /** Tries until it is done, or until the next write was let in: then it must not go before that one. */
  async #inTurn(job: Job, tries: { count: number }, leave: () => void): Promise<Step> {
    let hasLeft = false
    let step: Step = 'again'
    const note = (): void => {
      hasLeft = true
      leave()
    }
    for (; step === 'again' && !hasLeft && tries.count < ATTEMPTS; tries.count += 1) {
      step = await this.#try(job, tries.count, note)
    }
    return step
  }

  async #try(job: Job, attempt: number, leave: () => void): Promise<Step> {
    const seen = job.view?.seenOf(job.key) ?? null
    // What the request saw comes first: a compare-and-swap tells when it is old. A write of the whole stands alone.
    const fresh = seen === null || attempt > 0
    const target: Target = fresh ? await this.#links.target(job.key) : { state: 'live', ...seen }
    const stay = (): void => undefined
    if (seen === null) return this.#whole(target, { job, seen, fresh, leave: stay })
    const isKnown = target.state === 'live' && target.link.origin === seen.link.origin
    // The third time somebody makes it another's, or it has just begun: then nobody else is let in.
    return isKnown
      ? this.#update(target, { job, seen, fresh, leave: attempt < 2 ? leave : stay })
      : { refused: seen.record }
  }

  /** Of a writer that saw nothing: what it writes is the whole data, and may begin a session. */
  async #whole(target: Target, attempt: Attempt): Promise<Step> {
    if (target.state === 'live') return this.#overwrite(target, attempt)
    const { key, data, use } = attempt.job
    const content = { data, use, userId: asUser(this.#options.userId, { ...data }) }
    if (target.state === 'unknown') return (await this.#birth.begin(key, content)) ?? 'again'
    const { link, record } = target
    if (record === null && this.#birth.isUnderway(link)) {
      return (await this.#birth.join(key, link, content)) ?? 'again'
    }
    if (!this.#options.reusesIds) return { refused: record ?? { id: link.token.id, userId: null } }
    const begun =
      record === null
        ? this.#birth.beginInstead(key, link, content)
        : this.#birth.beginAgain(key, link, content)
    return (await begun) ?? 'again'
  }

  #overwrite(born: Led, attempt: Attempt): Promise<Step> {
    const { job } = attempt
    const { seenAt } = born.record
    const { renewsLife } = this.#options
    if (renewsLife && this.#endsTooSoon(born.record, job.use)) {
      return this.#handOver(born, job, { data: job.data, changes: null })
    }
    // The last write counts, with its deadline, also where the clock of the one before was ahead; a value's to the millisecond.
    const use = renewsLife
      ? { ...job.use, seenAt: Math.max(job.use.seenAt, seenAt) }
      : this.#shared.deadlines.after(seenAt, job.use)
    return this.#update(born, { ...attempt, job: { ...job, use } })
  }

  /** Whether a new session would live longer than the absolute timeout of this one lets it: for more than a throttle. */
  #endsTooSoon({ absoluteAt }: SessionRecord, { expiresAt }: Activity): boolean {
    const { clock, policy } = this.#shared.context
    const { absolute, throttle } = policy.lifetime
    const latest = clock.now() + absolute
    return expiresAt < latest ? expiresAt > absoluteAt : latest > absoluteAt + throttle
  }

  async #update({ link, record }: Led, attempt: Attempt): Promise<Step> {
    const { job, fresh } = attempt
    const lay = await this.#layOf(attempt)
    if (lay.changes !== null && isNoChange(lay.changes)) {
      if (await this.#keeper.count(job.key, { link, record }, job.use)) return { link, record }
      return fresh ? { refused: record } : 'again'
    }
    await this.#keeper.keepLink(job.key, { link, record }, job.use)
    try {
      return await this.#submit({ link, record }, attempt, lay)
    } catch (error) {
      if (!(error instanceof UserChanged)) return onConflict(error)
      // Only of what was read just now a new session may be made.
      return fresh ? this.#handOver({ link, record }, job, lay) : 'again'
    }
  }

  async #submit({ link, record }: Led, { job, fresh, leave }: Attempt, lay: Lay): Promise<Step> {
    const { updates, context, deadlines } = this.#shared
    const { userId } = this.#options
    let overwritten = 0
    const recipe = (draft: unknown): void => {
      overwritten = laidOver(draft, lay)
      // A copy, because what it does to that must not be stored.
      if (userId !== null && asUser(userId, { ...fieldsIn(draft) }) !== record.userId) throw new UserChanged()
    }
    const addressed = { record, fresh, token: null, superseded: false }
    const updating = updates.submit(addressed, recipe, job.use)
    leave()
    const session = await updating
    const written = session && InfoSnapshot.recordBehind(session)
    if (written === null) return 'again'
    context.counters.add('fieldsOverwritten', overwritten)
    // Data that is the same is not written, and then its deadline is not either.
    if (hasCounted(written, job.use)) deadlines.forget(record.id)
    else if (this.#options.renewsLife) await deadlines.moveNow(written, job.use)
    else await this.#keeper.count(job.key, { link, record: written }, job.use)
    return { link, record: written }
  }

  async #handOver(born: Led, { key, use }: Job, lay: Lay): Promise<Step> {
    const contentOf = async (record: SessionRecord): Promise<Content> => {
      const { draft } = await this.#shared.context.codec.draft(record.data)
      laidOver(draft, lay)
      const data = fieldsIn(draft)
      return { data, use, userId: asUser(this.#options.userId, { ...data }) }
    }
    return (await this.#handOvers.begin(key, born, contentOf)) ?? 'again'
  }

  /** What the write does to the data that is stored: its changes, or all of its data. */
  async #layOf({ job: { data }, seen }: Attempt): Promise<Lay> {
    if (seen === null) return { data, changes: null }
    return { data, changes: changesBetween(seen.data ?? (await this.#fieldsOf(seen.record)), data) }
  }

  async #fieldsOf({ data }: SessionRecord): Promise<Record<string, unknown>> {
    return fieldsIn((await this.#shared.context.codec.draft(data)).draft)
  }

  #refuse({ refused }: Refusal): boolean {
    const { context } = this.#shared
    context.counters.add('lateWritesRefused')
    context.events.emit('lateWriteRefused', eventOf(context, refused))
    return false
  }
}

/** Whether a record tells of a use, or of a later one. */
function hasCounted({ seenAt, expiresAt, absoluteAt }: SessionRecord, use: Activity): boolean {
  return seenAt > use.seenAt || (seenAt === use.seenAt && expiresAt === Math.min(use.expiresAt, absoluteAt))
}

/** A queue that lost all its tries is joined again: others were faster, and they are done some time. */
function onConflict(error: unknown): Step {
  if (error instanceof SessionError && error.code === 'CONFLICT') return 'again'
  throw error
}

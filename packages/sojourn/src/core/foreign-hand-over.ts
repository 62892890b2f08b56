import type { StoreContext } from './context.ts'
import { limitOf, storeRecord } from './create-session.ts'
import { SessionError } from './errors.ts'
import { type Content, madeOf } from './foreign-birth.ts'
import type { ForeignKey, Made } from './foreign-link.ts'
import type { ForeignLinks, Led } from './foreign-links.ts'
import { applyChanges, changesBetween } from './foreign-merge.ts'
import type { ForeignShared } from './foreign-shared.ts'
import { forgetUnreached, isHandedOver } from './foreign-succession.ts'
import { fieldsIn } from './foreign-write.ts'
import type { SessionRecord } from './port.ts'
import { InfoSnapshot } from './snapshot.ts'
import type { UpdateQueue } from './update-queue.ts'

/** So many writes of others in a row may come before a session is closed. */
const CLOSINGS = 64

/** What a session holds that takes the place of another one, given what that one holds. */
type ContentOf = (record: SessionRecord) => Promise<Content>

/** A session that hands over, and the one that takes its place. */
interface Pair {
  readonly old: Led
  readonly made: Made
  /** What the new one was made of. */
  readonly content: Content
}

/**
 * How one foreign session hands over to another (docs/decisions/0106): the new one is stored, the old one closed by
 * compare-and-swap and ended, the link moved. Null means: look again.
 */
export class ForeignHandOver<Data> {
  readonly #context: StoreContext<Data>
  readonly #updates: UpdateQueue<Data>
  readonly #links: ForeignLinks

  constructor({ context, updates }: ForeignShared<Data>, links: ForeignLinks) {
    this.#context = context
    this.#updates = updates
    this.#links = links
  }

  /**
   * A session takes the place of another one, under the same foreign id, because its user is another: a record never
   * changes its user. `contentOf` says what it holds, given what is stored. Whatever breaks in between leaves the old
   * session or the new one, and beside it at most one that nobody reaches and that expires.
   */
  async begin(key: ForeignKey, old: Led, contentOf: ContentOf): Promise<Led | null> {
    const content = await contentOf(old.record)
    const made = await madeOf(this.#context, content)
    try {
      await this.#store(made.record, old.record)
      const closed = this.#context.records.isCutOff(old.record)
        ? null
        : await this.#close({ old, made, content }, contentOf)
      if (closed !== null) return await this.#finish(key, closed)
    } catch (error) {
      return await this.#foundAfter(error, key, made.record)
    }
    await this.#forget(made.record)
    return null
  }

  /** What `revokeAll` has ended a moment ago, and nobody here knows of, would live on in a new session. */
  async #store(record: SessionRecord, old: SessionRecord): Promise<void> {
    const { records } = this.#context
    const both = [
      storeRecord(this.#context, record, limitOf(this.#context, old)),
      records.refreshNow(),
    ] as const
    // Who is told that it failed must not find it stored later.
    await Promise.allSettled(both)
    const [isStored] = await Promise.all(both)
    if (!isStored) throw new SessionError('ENGINE_UNAVAILABLE', 'A fresh id was taken.')
  }

  /**
   * Closes the old session. What others have written to it meanwhile is laid into the new one first, which nobody reaches
   * yet. Null when the old one has ended, or makes place for somebody else.
   */
  async #close(pair: Pair, contentOf: ContentOf): Promise<Pair | null> {
    let closing = pair
    for (let attempt = 0; attempt < CLOSINGS; attempt += 1) {
      const { old, made } = closing
      const swapped = await this.#links.close(old.link, old.record, made.token)
      if (swapped.outcome === 'done') return closing
      if (swapped.outcome === 'gone' || isHandedOver(swapped.current)) return null
      const record = swapped.current
      const remade = await this.#remade({ ...closing, old: { ...old, record } }, await contentOf(record))
      if (remade === null) return null
      closing = remade
    }
    throw new SessionError('CONFLICT', `${CLOSINGS} tries lost.`)
  }

  /** The new one, made of something else; null when it has ended by now, or would be another user's. */
  async #remade({ old, made, content: before }: Pair, content: Content): Promise<Pair | null> {
    if (content.userId !== made.record.userId) return null
    // An operator may have changed it, with all others of its user.
    const changes = changesBetween(before.data, content.data)
    const recipe = (draft: unknown): void => void applyChanges(fieldsIn(draft), changes)
    const addressed = { record: made.record, fresh: false, token: null, superseded: false }
    const session = await this.#updates.submit(addressed, recipe, false)
    const record = session && InfoSnapshot.recordBehind(session)
    return record && { old, made: { ...made, record }, content }
  }

  async #finish(key: ForeignKey, { old, made }: Pair): Promise<Led | null> {
    const link = await this.#links.finish(key, old, made)
    return link && { link, record: made.record }
  }

  /** What has become of a hand-over in which something failed. @throws that error, when nothing has */
  async #foundAfter(error: unknown, key: ForeignKey, record: SessionRecord): Promise<Led> {
    const look = (): Promise<Led | null> => this.#foundOrForgotten(key, record)
    const born = await look().catch(() => {
      this.#context.background.once(`hand over ${record.id}`, look)
      return null
    })
    if (born !== null) return born
    throw error
  }

  /** Of an unknown outcome the link itself tells, and whoever looks finishes what was begun. */
  async #foundOrForgotten(key: ForeignKey, record: SessionRecord): Promise<Led | null> {
    this.#links.forget(key)
    const target = await this.#links.target(key)
    if (target.state === 'live' && target.record.id === record.id) return target
    await this.#forget(record)
    return null
  }

  /** Before anybody tries again: it would count against the user's limit. */
  async #forget(record: SessionRecord): Promise<void> {
    const forget = () => forgetUnreached(this.#context, record)
    await forget().catch(() => this.#context.background.once(`forget ${record.id}`, forget))
  }
}

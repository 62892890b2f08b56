import { createHash, createHmac } from 'node:crypto'
import type { StoreContext } from './context.ts'
import { isUnreadable } from './errors.ts'
import { linkContentIn } from './foreign-link.ts'
import { mayMakePlace, successorIdOf } from './foreign-succession.ts'
import { isOwn } from './own-record.ts'
import type { Page, SessionId, SessionRecord } from './port.ts'

const PAGE = 100
const HANDLE = /^~([A-Za-z0-9_-]{16})[A-Za-z0-9_-]{12}$/
const MARK_LABEL = 'sojourn/mark/v1\0'
/** 72 bits: two of a store's texts never share a mark. */
const MARK_LENGTH = 12

type Uses = Pick<StoreContext<unknown>, 'engine' | 'records' | 'clock' | 'bucketKey'>

/** A session that a walk came by. */
interface Walked {
  /**
   * `~`, the id of its link, and the link's tag. The first is a hash of the foreign id, which that cannot be told from;
   * who knows the foreign id still cannot tell the second. It ends the session and opens nothing (CONTRACTS L15);
   * unlike the session's own id nobody is shown it who could not end the session anyway.
   */
  readonly handle: string
  readonly record: SessionRecord
}

/**
 * A walk over the live sessions of one label. It goes by the links, which tell the label: of all else that is stored it
 * looks at nothing, and reads no session but those.
 */
export class ForeignWalk {
  readonly #context: Uses
  readonly #label: string

  constructor(context: Uses, label: string) {
    this.#context = context
    this.#label = label
  }

  /**
   * Each live session once, page by page; a page may be empty. Goes through the whole store. What the engine cannot read is
   * passed over, and told to `onUnreadable`.
   */
  async *pages(onUnreadable = () => {}): AsyncGenerator<readonly Walked[], void, undefined> {
    const { engine, records } = this.#context
    await records.refresh()
    const seen = new Set<SessionId>()
    for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
      const page: Page = await engine.scan(after, PAGE)
      yield [...(await this.#liveOf(page.records, onUnreadable))].flatMap(([handle, record]) => {
        if (seen.has(record.id)) return []
        seen.add(record.id)
        return [{ handle, record }]
      })
      after = page.next
    }
  }

  /** The live session that a handle of this label names. */
  async find(handle: unknown): Promise<SessionRecord | null> {
    const [, linkId = null] = (typeof handle === 'string' && HANDLE.exec(handle)) || []
    const link = linkId === null ? null : await this.#context.records.readOne(linkId)
    const session = link === null || handleOf(link) !== handle ? null : this.#sessionOf(link)
    const named = session === null ? null : await this.#context.records.readOne(session)
    const record = await this.#successorOf(named)
    return record !== null && this.#isLive(record) ? record : null
  }

  /** A text as it may stand in stored data without being told: what has the same mark is the same text. */
  mark(text: string): string {
    const { bucketKey } = this.#context
    const hasher = bucketKey === null ? createHash('sha256') : createHmac('sha256', bucketKey)
    return hasher.update(`${MARK_LABEL}${this.#label}\0${text}`).digest('base64url').slice(0, MARK_LENGTH)
  }

  /** The live sessions of links, by handle. Where one has just taken the place of another its link leads to it by now. */
  async #liveOf(
    page: readonly SessionRecord[],
    onUnreadable: () => void,
  ): Promise<Map<string, SessionRecord>> {
    const links = page.filter((link) => this.#sessionOf(link) !== null)
    const live = await this.#follow(links, onUnreadable)
    const dead = links.filter((link) => !live.has(handleOf(link)))
    if (dead.length === 0) return live
    const now = await this.#read(
      dead.map(({ id }) => id),
      onUnreadable,
    )
    const moved = dead.flatMap((link, index) => {
      const current = now[index] ?? null
      return current !== null && this.#sessionOf(current) !== this.#sessionOf(link) ? [current] : []
    })
    for (const [handle, record] of await this.#follow(moved, onUnreadable)) live.set(handle, record)
    return live
  }

  async #follow(
    links: readonly SessionRecord[],
    onUnreadable: () => void,
  ): Promise<Map<string, SessionRecord>> {
    const targets = links.flatMap((link) => {
      const session = this.#sessionOf(link)
      return session === null ? [] : [{ handle: handleOf(link), session }]
    })
    const found = await this.#read(
      targets.map(({ session }) => session),
      onUnreadable,
    )
    const current = await Promise.all(found.map((record) => this.#successorOf(record, onUnreadable)))
    return new Map(
      targets.flatMap(({ handle }, index) => {
        const record = current[index] ?? null
        return record !== null && this.#isLive(record) ? [[handle, record] as const] : []
      }),
    )
  }

  /** Of a session that is being replaced at this moment: the one that takes its place. A walk finishes nothing. */
  async #successorOf(record: SessionRecord | null, onUnreadable = () => {}): Promise<SessionRecord | null> {
    const id = record && successorIdOf(record)
    if (record === null || id === null) return record
    if (!mayMakePlace(record)) return null
    const [next = null] = await this.#read([id], onUnreadable)
    return this.#successorOf(next, onUnreadable)
  }

  /** A record that the engine cannot read hides no other: it is passed over. */
  async #read(
    ids: readonly SessionId[],
    onUnreadable: () => void,
  ): Promise<readonly (SessionRecord | null)[]> {
    const { engine } = this.#context
    const found = await engine.read(ids).catch(nullIfUnreadable)
    if (found !== null) return found
    const each = await Promise.all(ids.map((id) => engine.read([id]).catch(nullIfUnreadable)))
    for (const one of each) if (one === null) onUnreadable()
    return each.map((one) => one?.[0] ?? null)
  }

  #sessionOf(record: SessionRecord): SessionId | null {
    const content = linkContentIn(record)
    return content?.label === this.#label ? content.session : null
  }

  /** The place of a session that never came holds a record of ours. */
  #isLive(record: SessionRecord): boolean {
    return !isOwn(record) && this.#context.records.isLive(record, this.#context.clock.now())
  }
}

/** For whoever goes on without a record that cannot be read. */
export function nullIfUnreadable(error: unknown): null {
  if (isUnreadable(error)) return null
  throw error
}

function handleOf(link: SessionRecord): string {
  return `~${link.id}${linkContentIn(link)?.tag ?? ''}`
}

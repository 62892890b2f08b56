import type { ArchiveDestination } from './archive.ts'
import { bucketOfId } from './bucket.ts'
import { SessionError } from './errors.ts'
import { ownContent, ownData, ownId, ownRecord, removeOwn } from './own-record.ts'
import {
  CLOCK_SKEW_MS,
  type Engine,
  type Instant,
  LIFETIME_CEILING_MS,
  type Milliseconds,
  type SessionId,
  type SessionRecord,
  type UserKey,
} from './port.ts'

/** When the archive is asked once more to erase: what was being written to it at the time has arrived then. */
const AGAIN_MS: Milliseconds = 60_000
const ATTEMPTS = 8

interface Content {
  /** What began until then is erased. */
  readonly at: Instant
  /** Whom the archive must be asked about once more; null when that is done, so that no name stays. */
  readonly userId: string | null
}

/**
 * Marks of users who were erased. What of theirs ended before, and waits for the archive where nobody finds it by
 * user, must not reach it afterwards (SECURITY T111).
 */
export class Erasure {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** From now on nothing of the user that began until `now` is archived. @throws SessionError `CONFLICT` */
  async mark({ userId, bucket }: UserKey, now: Instant): Promise<void> {
    const id = ownId(bucket, 'erased user', userId)
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const [stored = null] = await this.#engine.read([id])
      // One that somebody began to remove is in the way.
      if (stored !== null && stored.ended !== null) await this.#engine.settle([id], null)
      const at = Math.max(now, stored === null ? 0 : erasedAtIn(stored))
      if (await this.#store(id, stored, { at, userId }, now + AGAIN_MS)) return
    }
    throw new SessionError('CONFLICT')
  }

  /** Those of these sessions that were erased. One round trip. Clocks may differ: rather one too many than one. */
  async among<Session extends Pick<SessionRecord, 'id' | 'userId' | 'createdAt'>>(
    sessions: readonly Session[],
  ): Promise<ReadonlySet<Session>> {
    const owned = sessions.filter(({ userId }) => userId !== null)
    if (owned.length === 0) return new Set()
    const marks = await this.#engine.read(owned.map(markIdOf))
    return new Set(
      owned.filter(({ createdAt }, index) => createdAt <= erasedAtIn(marks[index] ?? null) + CLOCK_SKEW_MS),
    )
  }

  /** Asks the archive once more about the user of a mark that is due; later, the mark has had its time. */
  async followUp(mark: SessionRecord, erase: ArchiveDestination['erase']): Promise<void> {
    const { at, userId } = contentOf(mark) ?? { at: 0, userId: null }
    if (userId === null) {
      await removeOwn(this.#engine, mark.id, mark.createdAt)
      return
    }
    if (erase !== null) await erase(userId, at + CLOCK_SKEW_MS)
    // The longest that any session, and so anything of this user's that waits, can have been there.
    await this.#store(mark.id, mark, { at, userId: null }, mark.createdAt + LIFETIME_CEILING_MS)
  }

  async #store(
    id: SessionId,
    stored: SessionRecord | null,
    content: Content,
    lookAt: Instant,
  ): Promise<boolean> {
    if (stored === null || stored.ended !== null) {
      const createdAt = content.at
      const made = ownRecord({
        ...({ kind: 'erased user', id, userId: null } as const),
        ...{ createdAt, lookAt, content },
      })
      return (await this.#engine.create(made, null, createdAt)).outcome === 'done'
    }
    const data = ownData('erased user', content)
    // Of two deadlines a replace keeps the one that was seen later.
    const seenAt = stored.seenAt + 1
    const next = { ...stored, version: stored.version + 1, seenAt, expiresAt: lookAt, data }
    return (await this.#engine.replace(next, stored.version, stored.createdAt)).outcome === 'done'
  }
}

/** Whether a record of ours is such a mark. */
export function isErasureMark(record: SessionRecord): boolean {
  return contentOf(record) !== null
}

/** The bucket of a user's sessions is the user's. */
function markIdOf({ id, userId }: Pick<SessionRecord, 'id' | 'userId'>): SessionId {
  return ownId(bucketOfId(id), 'erased user', userId ?? '')
}

/** Also in a mark that somebody begins to remove. */
function erasedAtIn(mark: SessionRecord | null): Instant {
  return (mark && contentOf(mark))?.at ?? Number.NEGATIVE_INFINITY
}

function contentOf(mark: SessionRecord): Content | null {
  const content = ownContent(mark, 'erased user')
  if (typeof content !== 'object' || content === null) return null
  const at: unknown = Reflect.get(content, 'at')
  const userId: unknown = Reflect.get(content, 'userId')
  return typeof at === 'number' ? { at, userId: typeof userId === 'string' ? userId : null } : null
}

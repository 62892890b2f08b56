import { isOwn, ownContent, ownData, ownId, ownRecord } from './own-record.ts'
import type { Engine, Instant, Milliseconds, SessionId, SessionRecord, UserKey } from './port.ts'

/** Longer than any session may wait for the archive: by then all of the user's have come past. */
const KEPT_MS: Milliseconds = 40 * 86_400_000
const ATTEMPTS = 8

/**
 * Marks of users who were erased. What of theirs ended before, and waits for the archive where nobody finds it by
 * user, must not reach it afterwards (SECURITY T111).
 */
export class Erasure {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** From now on nothing of the user that began until `now` is archived. */
  async mark({ userId, bucket }: UserKey, now: Instant): Promise<void> {
    const id = ownId(bucket, 'erased user', userId)
    const content = { at: now }
    const made = ownRecord({
      ...{ kind: 'erased user', id, userId: null },
      ...{ createdAt: now, lookAt: now + KEPT_MS, content },
    } as const)
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const [stored = null] = await this.#engine.read([id])
      if (stored === null || stored.ended !== null) {
        if ((await this.#engine.create(made, null, now)).outcome === 'done') return
        continue
      }
      const data = ownData('erased user', content)
      const next = { ...stored, version: stored.version + 1, seenAt: now, expiresAt: made.expiresAt, data }
      if ((await this.#engine.replace(next, stored.version, stored.createdAt)).outcome === 'done') return
    }
  }

  /** Those of these sessions that were erased. One round trip. */
  async among(records: readonly SessionRecord[]): Promise<ReadonlySet<SessionRecord>> {
    const owned = records.filter(({ userId }) => userId !== null)
    const marks = await this.#engine.read(owned.map(markIdOf))
    return new Set(owned.filter((record, index) => record.createdAt <= erasedAtIn(marks[index] ?? null)))
  }
}

/** Whether a record of ours is such a mark. */
export function isErasureMark(record: SessionRecord): boolean {
  return ownContent(record, 'erased user') !== null
}

/** The bucket of a user's sessions is the user's. */
function markIdOf({ id, userId }: SessionRecord): SessionId {
  return ownId(id.slice(0, 2), 'erased user', userId ?? '')
}

function erasedAtIn(mark: SessionRecord | null): Instant {
  if (mark === null || mark.ended !== null || !isOwn(mark)) return Number.NEGATIVE_INFINITY
  const content = ownContent(mark, 'erased user')
  const at: unknown = typeof content === 'object' && content !== null ? Reflect.get(content, 'at') : null
  return typeof at === 'number' ? at : Number.NEGATIVE_INFINITY
}

import type { ArchiveDestination, EndedSession, LiveSession } from './archive.ts'
import { SessionError } from './errors.ts'

/** What a shelf does with a batch instead of keeping it. */
type Mood = (batch: readonly { readonly id: string }[]) => Promise<unknown> | null

/** A destination in memory, idempotent as a destination must be, that can be told to misbehave. */
export class Shelf {
  readonly rows = new Map<string, EndedSession>()
  readonly live = new Map<string, LiveSession>()
  /** The sizes of the batches that came, kept or not. */
  readonly batches: number[] = []
  /** Rows that came again with another content than before. */
  readonly contradictions: string[] = []
  /** How often it was asked to erase somebody. */
  erasures = 0
  mood: Mood = () => null

  readonly destination: ArchiveDestination = {
    name: 'shelf',
    write: async (batch) => {
      this.batches.push(batch.length)
      await this.mood(batch)
      for (const row of batch) this.#keep(row)
    },
    checkpoint: async (batch) => {
      await this.mood(batch)
      for (const row of batch)
        if ((this.live.get(row.id)?.version ?? 0) < row.version) this.live.set(row.id, row)
    },
    history: async ({ userId, limit = 100, before }) => {
      const all = [...this.rows.values()].filter((row) => row.userId === userId)
      all.sort((a, b) => b.endedAt - a.endedAt || (a.id < b.id ? 1 : -1))
      const start = typeof before === 'object' ? all.findIndex(({ id }) => id === before.id) + 1 : 0
      const edge = typeof before === 'number' ? before : Number.POSITIVE_INFINITY
      return all
        .slice(start)
        .filter(({ endedAt }) => endedAt < edge)
        .slice(0, limit)
    },
    erase: async (userId, until) => {
      this.erasures += 1
      const mine = [...this.rows.values()].filter((row) => row.userId === userId && row.createdAt <= until)
      for (const { id } of mine) this.rows.delete(id)
      return mine.length
    },
  }

  /** How the sessions ended that are here: id and reason. */
  get reasons(): Record<string, string> {
    return Object.fromEntries([...this.rows.values()].map(({ id, reason }) => [id, reason]))
  }

  #keep(row: EndedSession): void {
    const kept = this.rows.get(row.id)
    if (kept === undefined) this.rows.set(row.id, row)
    else if (JSON.stringify(kept) !== JSON.stringify(row)) this.contradictions.push(row.id)
  }
}

export const isDown: Mood = () => Promise.reject(new SessionError('ARCHIVE_UNAVAILABLE', 'for a test'))

/** Refuses batches that hold one of these. */
export function refusing(...ids: readonly string[]): Mood {
  return (batch) => (batch.some(({ id }) => ids.includes(id)) ? Promise.reject(new TypeError('no')) : null)
}

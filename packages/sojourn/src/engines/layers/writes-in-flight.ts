/** What a write may change: records by id, and whatever else belongs to a user. */
export interface Touched {
  readonly ids: readonly string[]
  readonly userId: string | null
}

/** The writes of this process that are under way: what they touch is not kept meanwhile. */
export class WritesInFlight {
  readonly #ids = new Map<string, number>()
  readonly #users = new Map<string, number>()

  begin({ ids, userId }: Touched): void {
    for (const id of ids) count(this.#ids, id, 1)
    if (userId !== null) count(this.#users, userId, 1)
  }

  finish({ ids, userId }: Touched): void {
    for (const id of ids) count(this.#ids, id, -1)
    if (userId !== null) count(this.#users, userId, -1)
  }

  mayChange(id: string, userId: string | null): boolean {
    return this.#ids.has(id) || (userId !== null && this.#users.has(userId))
  }
}

function count(counts: Map<string, number>, key: string, by: number): void {
  const sum = (counts.get(key) ?? 0) + by
  if (sum === 0) counts.delete(key)
  else counts.set(key, sum)
}

const WINDOW_MS = 5 * 60_000
const GUESSES = 10
/** Names come from anybody, so the number of remembered ones has a limit too. */
const REMEMBERED = 10_000

/**
 * Stops guessing: ten wrong passwords in five minutes for one name from one address. The address is part of
 * it, because otherwise anybody could lock a customer out by typing the wrong password often enough.
 */
export class GuessLimit {
  readonly #wrongAt = new Map<string, number[]>()

  isReached(name: string, address: string, now: number): boolean {
    return this.#recent(keyOf(name, address), now).length >= GUESSES
  }

  noteWrong(name: string, address: string, now: number): void {
    const key = keyOf(name, address)
    const recent = this.#recent(key, now)
    // Put at the end again, so that the first key is always the one that was quiet for longest.
    this.#wrongAt.delete(key)
    this.#wrongAt.set(key, [...recent, now])
    const [oldest] = this.#wrongAt.keys()
    if (this.#wrongAt.size > REMEMBERED && oldest !== undefined) this.#wrongAt.delete(oldest)
  }

  #recent(key: string, now: number): number[] {
    return (this.#wrongAt.get(key) ?? []).filter((at) => at > now - WINDOW_MS)
  }
}

function keyOf(name: string, address: string): string {
  return `${name.trim().toLowerCase().slice(0, 64)} ${address}`
}

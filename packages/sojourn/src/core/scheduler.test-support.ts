/** Reproducible chance: the same seed gives the same numbers (mulberry32). */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** At least 0 and below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)]
  }
}

interface Turn {
  readonly place: object
  readonly go: () => void
  readonly fail: (error: Error) => void
}

/** What the scheduler does with a turn that it has drawn, besides letting it go on. */
export type Fate = (turn: Turn) => 'goes' | 'fails' | 'vanishes'

/**
 * Lets what runs at once go on one step at a time, in an order that chance draws. A step is the begin of a
 * verb, a call on its way to the engine, or an answer on its way back.
 */
export class Scheduler {
  readonly #chance: Chance
  readonly #fate: Fate
  readonly #error: () => Error
  #waiting: Turn[] = []
  /** How many steps it has let go on. */
  steps = 0

  constructor(chance: Chance, fate: Fate, error: () => Error) {
    this.#chance = chance
    this.#fate = fate
    this.#error = error
  }

  /** Resolves when it is this step's turn. */
  turn(place: object): Promise<void> {
    return new Promise((go, fail) => this.#waiting.push({ place, go, fail }))
  }

  /** A place that died: none of its steps ever goes on. */
  forget(place: object): void {
    this.#waiting = this.#waiting.filter((turn) => turn.place !== place)
  }

  /** Runs until `isOver` holds and nobody waits. */
  async run(isOver: () => boolean): Promise<void> {
    const patience = performance.now() + 20_000
    for (;;) {
      await settled()
      if (this.#waiting.length > 0) this.#step()
      else if (isOver()) return
      else if (performance.now() > patience) throw new Error('Something waits for ever.')
    }
  }

  #step(): void {
    const [turn] = this.#waiting.splice(this.#chance.below(this.#waiting.length), 1)
    if (turn === undefined) return
    this.steps += 1
    const fate = this.#fate(turn)
    if (fate === 'goes') turn.go()
    if (fate === 'fails') turn.fail(this.#error())
  }
}

/** Resolves when everything that can go on by itself has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const zero = {
  /** Strings that are no token: refused without asking the engine. */
  malformedTokens: 0,
  /** Well-formed tokens whose id is not stored. */
  unknownTokens: 0,
  /** A stored id with a secret that was never its own. */
  wrongSecrets: 0,
  /** Listeners that threw or rejected. */
  listenerFailures: 0,
  /** Writes off the caller's path, such as a touch, that failed. */
  backgroundFailures: 0,
  /** Compare-and-swaps that another writer won. */
  conflicts: 0,
  /** Sweeps that the engine broke off. */
  sweepFailures: 0,
  /** Sessions that reached the archive, each perhaps more than once. */
  archived: 0,
  /** Sessions that the archive refused for the first time. */
  archiveRefusals: 0,
  /** Late changes of a replaced session that could not move to its successor. */
  lateCarriesLost: 0,
  /** Writes through a drop-in store that were refused, because their session had ended. */
  lateWritesRefused: 0,
  /** Fields that two requests of a drop-in store changed at once, so that the later write stayed. */
  fieldsOverwritten: 0,
  /** Sessions that were fetched from the store of a `migrateFrom`. */
  oldImported: 0,
  /** Ids that are unknown there, too. */
  oldMissed: 0,
  /** Sessions there that the rules of this store refuse, such as one that is too large. */
  oldRefused: 0,
  /** What is there and is no session that could be read. */
  oldUnreadable: 0,
  /** Keys there that could not be removed. They are not fetched again. */
  oldKeysLeft: 0,
  /** Events that an iteration over `events` was too slow for. */
  eventsDropped: 0,
  /** Events that other processes may not hear of, because the feed did not take them for certain. */
  feedUntold: 0,
  /** Looks at the feed that failed. */
  feedFailures: 0,
  /** Entries of the feed that are no event. */
  feedRefusals: 0,
  /** How often the feed may have missed what others told. */
  feedGaps: 0,
}

export type CounterName = keyof typeof zero

/** What happened, as numbers without labels: nothing that an attacker sends can grow them in kind. */
export class Counters {
  readonly #counts: Record<CounterName, number> = { ...zero }

  add(name: CounterName, count = 1): void {
    this.#counts[name] += count
  }

  /** All counts since the store was created. */
  snapshot(): Readonly<Record<CounterName, number>> {
    return { ...this.#counts }
  }
}

/** What may be stored of one session, after all that its caller was told. */
interface Entry {
  /** Changes that were confirmed. */
  atLeast: number
  /** Those and the ones of unknown outcome. */
  atMost: number
  end: 'none' | 'confirmed' | 'unknown'
}

/** How what is stored differs from what callers were told. */
export interface Audit {
  /** Confirmed log-ins and changes that are gone. */
  readonly lost: number
  /** Confirmed log-outs whose session lives. */
  readonly undone: number
  /** Changes that were made more often than they were asked for. */
  readonly twice: number
}

/** The count that is stored under a token; null where there is no session. */
export type Count = (token: string) => Promise<number | null>

/** Sessions are read in parts: a store refuses more than it can hold in flight. */
const AT_ONCE = 256

/** Books what callers were told, so that what is stored can be held against it. */
export class Ledger {
  readonly #entries = new Map<string, Entry>()
  #writes = 0
  #logOuts = 0

  /** Confirmed log-ins and changes. */
  get writes(): number {
    return this.#writes
  }

  /** Confirmed log-outs. */
  get logOuts(): number {
    return this.#logOuts
  }

  created(token: string): void {
    this.#writes += 1
    this.#entries.set(token, { atLeast: 0, atMost: 0, end: 'none' })
  }

  changed(token: string, isConfirmed: boolean): void {
    const entry = this.#entries.get(token)
    if (entry === undefined) return
    entry.atMost += 1
    if (!isConfirmed) return
    this.#writes += 1
    entry.atLeast += 1
  }

  ended(token: string, isConfirmed: boolean): void {
    const entry = this.#entries.get(token)
    if (entry === undefined) return
    entry.end = isConfirmed ? 'confirmed' : 'unknown'
    if (isConfirmed) this.#logOuts += 1
  }

  async audit(count: Count): Promise<Audit> {
    const entries = [...this.#entries]
    const all: Audit[] = []
    for (let from = 0; from < entries.length; from += AT_ONCE) {
      const part = entries.slice(from, from + AT_ONCE)
      all.push(
        ...(await Promise.all(part.map(async ([token, entry]) => differenceOf(entry, await count(token))))),
      )
    }
    const sum = (key: keyof Audit) => all.reduce((total, each) => total + each[key], 0)
    return { lost: sum('lost'), undone: sum('undone'), twice: sum('twice') }
  }
}

const NONE: Audit = { lost: 0, undone: 0, twice: 0 }

function differenceOf({ atLeast, atMost, end }: Entry, stored: number | null): Audit {
  if (end === 'confirmed') return { ...NONE, undone: stored === null ? 0 : 1 }
  // The log-in is gone with all its changes.
  if (stored === null) return { ...NONE, lost: end === 'none' ? 1 + atLeast : 0 }
  return { ...NONE, lost: Math.max(0, atLeast - stored), twice: Math.max(0, stored - atMost) }
}

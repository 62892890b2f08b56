import type { Link } from './foreign-link.ts'

/** So many links a process remembers; one that it forgot costs a read more. */
const REMEMBERED = 10_000

/** The links that a process used last, by the hash of their foreign id. */
export class KnownLinks {
  readonly #links = new Map<string, Link>()

  find(hash: string): Link | null {
    const link = this.#links.get(hash)
    if (link === undefined) return null
    // Maps keep the order in which keys came: this one is the last again.
    this.keep(hash, link)
    return link
  }

  keep(hash: string, link: Link): void {
    this.#links.delete(hash)
    this.#links.set(hash, link)
    const [oldest] = this.#links.keys()
    if (this.#links.size > REMEMBERED && oldest !== undefined) this.#links.delete(oldest)
  }

  forget(hash: string): void {
    this.#links.delete(hash)
  }
}

import type { Activity } from './activity.ts'
import type { ForeignDeadlines } from './foreign-deadlines.ts'
import { type ForeignKey, lookAtOf } from './foreign-link.ts'
import type { ForeignLinks, Led } from './foreign-links.ts'

/** Keeps foreign sessions alive: first the link, then the session, so that the link is never the first to go. */
export class ForeignKeeper {
  readonly #links: ForeignLinks
  readonly #deadlines: ForeignDeadlines

  constructor(links: ForeignLinks, deadlines: ForeignDeadlines) {
    this.#links = links
    this.#deadlines = deadlines
  }

  /** Counts a use; false when the session is known to have ended. */
  async count(key: ForeignKey, { link, record }: Led, use: Activity): Promise<boolean> {
    await this.keepLink(key, { link, record }, use)
    return this.#deadlines.move(record, use)
  }

  /** Before the session's deadline is moved. */
  async keepLink(key: ForeignKey, { link, record: { absoluteAt } }: Led, { seenAt, expiresAt }: Activity) {
    const until = Math.min(expiresAt, absoluteAt)
    const lookAt = lookAtOf({ seenAt, expiresAt: until }, absoluteAt)
    await this.#links.extend(key, link, { expiresAt: until, lookAt })
  }
}

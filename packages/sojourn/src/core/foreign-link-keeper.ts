import type { StoreContext } from './context.ts'
import { linkContentIn } from './foreign-link.ts'
import { type Instant, type SessionRecord, TOMBSTONE_MS } from './port.ts'

type Uses = Pick<StoreContext<unknown>, 'engine' | 'clock' | 'records'>

/**
 * Looks at links that are due: one whose session lives waits on, and so does one whose session has just ended, because
 * that end must be known to what still races with it. Any other is removed.
 */
export class LinkKeeper {
  readonly #context: Uses

  constructor(context: Uses) {
    this.#context = context
  }

  async lookAt(links: readonly SessionRecord[]): Promise<void> {
    const targets = await this.#context.engine.read(
      links.map((link) => linkContentIn(link)?.session ?? link.id),
    )
    await Promise.all(links.map((link, index) => this.#follow(link, targets[index] ?? null)))
  }

  async #follow(link: SessionRecord, target: SessionRecord | null): Promise<void> {
    const { clock, records } = this.#context
    const now = clock.now()
    const isLive = target !== null && records.isLive(target, now)
    const neededUntil =
      target === null ? now : isLive ? target.expiresAt : deathOf(target, now) + TOMBSTONE_MS
    if (neededUntil > now) await this.#wait(link, neededUntil)
    else await this.#remove(link, now)
  }

  async #wait(link: SessionRecord, lookAt: Instant): Promise<void> {
    const { seenAt, version, createdAt } = link
    // Of two deadlines a replace keeps the one that was seen later.
    const next = { ...link, version: version + 1, seenAt: seenAt + 1, expiresAt: lookAt }
    // It is due, which is its deadline: asked as of an earlier instant, the port takes it for live.
    await this.#context.engine.replace(next, version, createdAt)
  }

  /** Only while it is still due: somebody may have let it lead to a new session. */
  async #remove(link: SessionRecord, now: Instant): Promise<void> {
    const { engine } = this.#context
    if (await engine.end(link.id, 'idle', now)) await engine.settle([link.id], null)
  }
}

/** One that was cut off, and that nobody has ended yet, ended at the latest now. */
function deathOf({ ended, expiresAt }: SessionRecord, now: Instant): Instant {
  return ended?.at ?? Math.min(expiresAt, now)
}

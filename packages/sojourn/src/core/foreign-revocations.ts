import type { StoreContext } from './context.ts'
import { ForeignValues } from './foreign-values.ts'
import { type Instant, LIFETIME_CEILING_MS } from './port.ts'

const LABEL = 'sojourn:revoked'

/**
 * Remembers whose sessions were all ended, while sessions still come from another store: whose an old one is nobody can
 * tell before it is fetched, and then it must not begin anew what was ended here.
 */
export class ForeignRevocations {
  readonly #clock: StoreContext<unknown>['clock']
  readonly #values: ForeignValues
  #isNeeded = false

  constructor(
    context: Pick<StoreContext<unknown>, 'clock'> & ConstructorParameters<typeof ForeignValues>[0],
  ) {
    this.#clock = context.clock
    this.#values = new ForeignValues(context, LABEL)
  }

  /** Sessions of this store come from elsewhere, too. */
  begin(): void {
    this.#isNeeded = true
  }

  /** Before the sessions that are here are ended, so that what is just being fetched is found there. */
  async note(userId: string): Promise<void> {
    if (!this.#isNeeded) return
    const now = this.#clock.now()
    await this.#values.change(nameOf(userId), () => ({
      text: String(now),
      expiresAt: now + LIFETIME_CEILING_MS,
    }))
  }

  /** Whether all sessions of the user were ended after this one was used last; null when that is not known. */
  async covers(userId: string | null, usedAt: Instant | null): Promise<boolean> {
    const noted = userId === null ? null : await this.#values.read(nameOf(userId))
    return noted !== null && (usedAt === null || usedAt < Number(noted.text))
  }
}

function nameOf(userId: string): string {
  return `user ${userId}`
}

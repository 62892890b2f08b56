import type { SessionId } from '../../core/port.ts'
import type { InvalidationListener, Invalidations } from '../invalidations.ts'

/** Invalidations that a test tells by hand. */
export class Told implements Invalidations {
  /** Whether a question is answered. */
  isSilent = false
  /** How often the connection was given up. */
  abandoned = 0
  #listener: InvalidationListener | null = null
  readonly #waiting: (() => void)[] = []

  listen(listener: InvalidationListener): void {
    this.#listener = listener
  }

  async confirm(): Promise<void> {
    if (this.isSilent) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  abandon(): void {
    this.abandoned += 1
    this.lose()
  }

  async close(): Promise<void> {
    this.speak()
  }

  change(...ids: SessionId[]): void {
    this.#listener?.changed(ids)
  }

  lose(): void {
    this.#listener?.lost()
  }

  speak(): void {
    this.isSilent = false
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** The same invalidations, of which something does not reach the layer. */
export function deaf(inner: Invalidations, to: Partial<InvalidationListener>): Invalidations {
  return {
    listen: (listener) =>
      inner.listen({
        changed: to.changed ?? ((ids) => listener.changed(ids)),
        lost: to.lost ?? (() => listener.lost()),
      }),
    confirm: () => inner.confirm(),
    abandon: () => inner.abandon(),
    close: () => inner.close(),
  }
}

/** The same invalidations, which say of every question that it was answered. */
export function lying(inner: Invalidations): Invalidations {
  return { ...deaf(inner, {}), confirm: async () => void inner.confirm().catch(() => undefined) }
}

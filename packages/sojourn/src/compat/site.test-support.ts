import type { Browser } from '../http/client.test-support.ts'

/** A request that has read its session, and does not go on before it is told to. */
export interface Held {
  readonly reached: Promise<void>
  readonly release: () => void
}

/**
 * An application over a session store, whatever its framework. `/data?set=key:value&delete=key` changes the session
 * and answers with its data, `/login?user=` makes a session with a new id, `/logout` ends it. With `hold=name` a
 * request that has read and changed its session waits.
 */
export interface Site {
  browser(): Browser
  hold(name: string): Held
}

/** Where requests of a site wait. */
export class Gates {
  readonly #gates = new Map<string, { readonly arrive: () => void; readonly released: Promise<void> }>()

  hold(name: string): Held {
    const reached = signal()
    const released = signal()
    this.#gates.set(name, { arrive: reached.give, released: released.given })
    return { reached: reached.given, release: released.give }
  }

  /** Waits, if the name is held. */
  async pass(name: unknown): Promise<void> {
    const gate = typeof name === 'string' ? this.#gates.get(name) : undefined
    gate?.arrive()
    await gate?.released
  }
}

function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = (): void => undefined
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give: () => give() }
}

/** The data that a page shows. */
export function dataOf(body: string): Record<string, unknown> {
  const data: unknown = JSON.parse(body)
  return typeof data === 'object' && data !== null ? Object.fromEntries(Object.entries(data)) : {}
}

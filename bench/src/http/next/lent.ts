import type { SessionStore } from 'sojourn'
import type { Payload } from '../../payload.ts'

/** What the application of Next is to do with sessions. */
export type Lent =
  | { readonly kind: 'bare' | 'peer' }
  | { readonly kind: 'sojourn'; readonly store: SessionStore<Payload> }

const LENT = Symbol.for('sojourn-bench.next')

/** To be called before the application is loaded: Next bundles it, so that a variable of a module would be another one. */
export function lend(lent: Lent): void {
  Reflect.set(globalThis, LENT, lent)
}

/** What this process has lent. Nothing, while the application is compiled: its modules are loaded then too. */
export function borrowed(): Lent {
  const lent: Lent | undefined = Reflect.get(globalThis, LENT)
  return lent ?? { kind: 'bare' }
}

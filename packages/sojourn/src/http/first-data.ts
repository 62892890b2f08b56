import { isDeepStrictEqual } from 'node:util'
import { type Recipe, SessionError, type SessionStore } from '../core/index.ts'

/**
 * The data that a recipe makes of a session that is not stored yet; null when it changes nothing, so that a
 * visitor who only looks around leaves nothing behind (SECURITY T56).
 * @throws SessionError `INVALID_ARGUMENT` for a recipe that waits; and whatever the recipe throws
 */
export function firstData<Data>(store: SessionStore<Data>, recipe: Recipe<Data>): Data | null {
  const before = store.draft()
  // `initial` may hand out one object again and again, and a recipe must not change what others start from.
  const draft = structuredClone(before)
  const result = recipe(draft)
  if (typeof result === 'object' && result !== null && 'then' in result) {
    if (result instanceof Promise) result.catch(() => undefined)
    throw new SessionError('INVALID_ARGUMENT', 'A recipe must be synchronous: await first, then update.')
  }
  return isDeepStrictEqual(draft, before) ? null : draft
}

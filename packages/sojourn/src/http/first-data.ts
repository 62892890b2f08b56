import { isDeepStrictEqual } from 'node:util'
import type { Recipe, SessionStore } from '../core/index.ts'
import { runRecipe } from '../core/recipes.ts'

/**
 * The data that a recipe makes of a session that is not stored yet; null when it changes nothing, so that a
 * visitor who only looks around leaves nothing behind (SECURITY T56).
 * @throws SessionError `INVALID_ARGUMENT` for a recipe that waits; and whatever the recipe throws
 */
export function firstData<Data>(store: SessionStore<Data>, recipe: Recipe<Data>): Data | null {
  const before = store.draft()
  // `initial` may hand out one object again and again, and a recipe must not change what others start from.
  const draft = structuredClone(before)
  runRecipe(recipe, draft)
  return isDeepStrictEqual(draft, before) ? null : draft
}

import type { DataCodec } from './data-codec.ts'
import { SessionError } from './errors.ts'
import type { Recipe } from './options.ts'
import type { SessionRecord } from './port.ts'

/** Null for a recipe that was applied, else what it threw, or what its result was refused with. */
type Outcome = { readonly error: unknown } | null

export interface Applied {
  readonly bytes: Uint8Array
  readonly changed: boolean
  /** One for each recipe, in order. */
  readonly outcomes: readonly Outcome[]
}

/**
 * Applies recipes, one after the other, to a record's data. Each gets a draft of its own, so that what one of
 * them holds on to reaches no other. One that throws, or whose result is refused, leaves no trace.
 */
export async function applyRecipes<Data>(
  codec: DataCodec<Data>,
  record: SessionRecord,
  recipes: readonly Recipe<Data>[],
): Promise<Applied> {
  let bytes = record.data
  const outcomes: Outcome[] = []
  for (const recipe of recipes) {
    const { draft, ...head } = await codec.draft(bytes)
    try {
      runRecipe(recipe, draft)
      bytes = await codec.encode(draft, head)
      outcomes.push(null)
    } catch (error) {
      outcomes.push({ error })
    }
  }
  return { bytes, changed: Buffer.compare(bytes, record.data) !== 0, outcomes }
}

/**
 * Lets a recipe change a draft.
 * @throws SessionError `INVALID_ARGUMENT` for one that waits: it would hold an old draft while others write
 */
export function runRecipe<Data>(recipe: Recipe<Data>, draft: Data): void {
  const result = recipe(draft)
  if (typeof result === 'object' && result !== null && 'then' in result) {
    if (result instanceof Promise) result.catch(() => undefined)
    throw new SessionError('INVALID_ARGUMENT', 'A recipe must be synchronous: await first, then update.')
  }
}

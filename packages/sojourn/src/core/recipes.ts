import type { DataCodec, Written } from './data-codec.ts'
import { SessionError } from './errors.ts'
import type { Recipe } from './options.ts'
import type { SessionRecord } from './port.ts'

/** Null for a recipe that was applied, else what it threw, or what its result was refused with. */
type Outcome = { readonly error: unknown } | null

export interface Applied<Data> {
  /** What the last recipe that was applied has made of the data; null when none was. */
  readonly written: Written<Data> | null
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
): Promise<Applied<Data>> {
  let written: Written<Data> | null = null
  const outcomes: Outcome[] = []
  for (const recipe of recipes) {
    const { draft, device, assurance } = await codec.draft(written?.bytes ?? record.data)
    try {
      runRecipe(recipe, draft)
      written = await codec.write(draft, { device, assurance })
      outcomes.push(null)
    } catch (error) {
      outcomes.push({ error })
    }
  }
  const changed = written !== null && Buffer.compare(written.bytes, record.data) !== 0
  return { written, changed, outcomes }
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

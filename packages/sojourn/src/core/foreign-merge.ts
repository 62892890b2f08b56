import { isPlainObject, sameJson } from './foreign-data.ts'

/** Data by field, as it is read for a change. */
export type Fields = Readonly<Record<string, unknown>>

/** What a request did to the data that it had read. A field that it removed is a change too. */
export interface Changes {
  readonly base: Fields
  readonly set: ReadonlyMap<string, unknown>
  readonly removed: readonly string[]
}

/** Top-level fields by which `data` differs from `base`; arrays and nested objects count whole (CONTRACTS L11). */
export function changesBetween(base: Fields, data: Fields): Changes {
  const set = new Map<string, unknown>()
  for (const [key, value] of Object.entries(data)) {
    if (!Object.hasOwn(base, key) || !sameJson(base[key], value)) set.set(key, value)
  }
  return { base, set, removed: Object.keys(base).filter((key) => !Object.hasOwn(data, key)) }
}

export function isNoChange({ set, removed }: Changes): boolean {
  return set.size === 0 && removed.length === 0
}

/**
 * Lays the changes over what is stored now: what nobody else touched stays, and of a field that both changed the
 * later write stays. How many of those there were.
 */
export function applyChanges(draft: Record<string, unknown>, { base, set, removed }: Changes): number {
  let overwritten = 0
  for (const [key, value] of set) {
    if (isOverwritten(draft, base, key, value)) overwritten += 1
    draft[key] = value
  }
  for (const key of removed) {
    if (Object.hasOwn(draft, key) && !sameJson(draft[key], base[key])) overwritten += 1
    delete draft[key]
  }
  return overwritten
}

/** Makes the draft hold exactly this data. */
export function replaceAll(draft: Record<string, unknown>, data: Fields): void {
  for (const key of Object.keys(draft)) if (!Object.hasOwn(data, key)) delete draft[key]
  for (const [key, value] of Object.entries(data)) draft[key] = value
}

/** Whether a draft is what foreign sessions hold: fields by name. */
export function isFields(draft: unknown): draft is Record<string, unknown> {
  return isPlainObject(draft)
}

function isOverwritten(draft: Fields, base: Fields, key: string, value: unknown): boolean {
  const stored = Object.hasOwn(draft, key) ? draft[key] : undefined
  const before = Object.hasOwn(base, key) ? base[key] : undefined
  return !sameJson(stored, before) && !sameJson(stored, value)
}

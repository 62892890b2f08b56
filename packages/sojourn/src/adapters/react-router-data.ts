import { isDeepStrictEqual } from 'node:util'
import { applyChanges, type Changes, type Fields, isFields, replaceAll } from '../core/foreign-merge.ts'
import type { Recipe, SessionStore } from '../core/index.ts'

/** A copy of data by field. What cannot be copied is handed on as it is: the store refuses it, with the path to it. */
export function fieldsOf(data: unknown): Fields {
  const copy = copyOf(data)
  return isFields(copy) ? copy : {}
}

/** Fields as the store's data. */
export function dataOf<Data>(store: SessionStore<Data>, fields: unknown): Data {
  const draft = store.draft()
  if (isFields(draft) && isFields(fields)) replaceAll(draft, fields)
  return draft
}

/** What a request did to the fields that it had read; null for nothing. Nested values count whole (CONTRACTS L11). */
export function changesBetween(base: Fields, fields: Fields): Changes | null {
  const isSame = (key: string) => Object.hasOwn(base, key) && isDeepStrictEqual(base[key], fields[key])
  const set = new Map(Object.entries(fields).filter(([key]) => !isSame(key)))
  const removed = Object.keys(base).filter((key) => !Object.hasOwn(fields, key))
  return set.size === 0 && removed.length === 0 ? null : { base, set, removed }
}

/** Lays changes over what is stored. */
export function recipeFor<Data>(changes: Changes): Recipe<Data> {
  return (draft) => {
    if (isFields(draft)) applyChanges(draft, changes)
  }
}

/** Makes the fields all that is stored. */
export function replacing<Data>(fields: Fields): Recipe<Data> {
  return (draft) => {
    if (isFields(draft)) replaceAll(draft, fields)
  }
}

function copyOf(data: unknown): unknown {
  try {
    return structuredClone(data)
  } catch {
    return data
  }
}

import type { Page } from '../../core/port.ts'
import { foreignPage } from '../pages.ts'
import { isSessionId } from '../record-check.ts'
import type { KeyValue } from './key-value.ts'
import { afterRecord, idOfRecordKey, type Key, RECORDS } from './keys.ts'
import { findReadable } from './stored.ts'

/**
 * The first records whose ids come after this one, by their bytes; where the page ends is its last id. A damaged
 * record is passed over, because nobody would ever come past it.
 * @throws SessionError `INVALID_ARGUMENT` for what is no id
 */
export function scan(store: KeyValue, after: string | null, size: number): Page {
  const ids = store.keys(firstAfter(after), RECORDS.end, size).map(idOfRecordKey)
  const found = ids.map((id) => findReadable(store, id)).filter((stored) => stored !== null)
  // A full page may be the last: then the next one is empty.
  return { records: found.map(({ record }) => record), next: ids.length < size ? null : (ids.at(-1) ?? null) }
}

function firstAfter(after: string | null): Key {
  if (after === null) return RECORDS.first
  if (!isSessionId(after)) throw foreignPage()
  return afterRecord(after)
}

import type { SessionId } from '../../core/port.ts'
import type { KeyValue } from './key-value.ts'
import { DUE, type Key, partsOfDueKey, userKey } from './keys.ts'
import { find, type Stored } from './stored.ts'
import { UserSessions } from './user-sessions.ts'

const ALL = 10_000_000

/**
 * What is half done in a store, a line each: every record can be read, has its one entry in the due list, and
 * is in its user's row exactly as long as it has not ended.
 */
export function faultsOf(store: KeyValue): string[] {
  const ids = store.keys('r', 's', ALL).map((key) => key.slice(1))
  const records = ids.flatMap((id) => find(store, id) ?? [])
  return [...dueFaults(store, records), ...indexFaults(store, records)]
}

function dueFaults(store: KeyValue, records: readonly Stored[]): string[] {
  const entries = store.keys(DUE.first, DUE.end, ALL).map((key) => ({ key, ...partsOfDueKey(key) }))
  const dueAt = new Map(records.map((stored) => [stored.record.id, stored.dueAt]))
  const stale = entries.filter(({ id, at }) => dueAt.get(id) !== at)
  const listed = new Set(entries.map(({ id }) => id))
  return [
    ...stale.map(({ id }) => `an entry of the due list is not that of ${id}`),
    ...records
      .filter(({ record }) => !listed.has(record.id))
      .map(({ record }) => `${record.id} is never due`),
  ]
}

function indexFaults(store: KeyValue, records: readonly Stored[]): string[] {
  const expected = new Map<Key, SessionId[]>()
  for (const { record } of records) {
    if (record.userId === null || record.ended !== null) continue
    const key = userKey(record.userId)
    expected.set(key, [...(expected.get(key) ?? []), record.id])
  }
  const rows = new Set([...store.keys('u', 'v', ALL), ...expected.keys()])
  return [...rows].flatMap((key) => {
    const listed = [...new UserSessions(store.get(key)).ids].sort().join()
    const should = [...(expected.get(key) ?? [])].sort().join()
    return listed === should ? [] : [`the row ${key} holds ${listed} and not ${should}`]
  })
}

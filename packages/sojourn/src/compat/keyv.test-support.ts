import KeyvSix from 'keyv'
import KeyvFive from 'keyv5'
import type { KeyvAdapter } from './keyv.ts'

/** What the tests ask of a Keyv, whatever its major version. */
interface AnyKeyv {
  get(key: string): Promise<unknown>
  getMany(keys: string[]): Promise<unknown[]>
  set(key: string, value: unknown, ttl?: number): Promise<unknown>
  setMany(entries: { key: string; value: unknown; ttl?: number }[]): Promise<unknown>
  has(key: string): Promise<boolean>
  hasMany(keys: string[]): Promise<boolean[]>
  delete(key: string): Promise<boolean>
  deleteMany(keys: string[]): Promise<boolean | boolean[]>
  clear(): Promise<void>
  on(event: string, listener: (error: unknown) => void): unknown
  entries(): AsyncIterable<readonly unknown[]>
}

interface Major {
  readonly name: string
  readonly open: (adapter: KeyvAdapter, namespace?: string) => AnyKeyv
}

/** Both major versions, as an application opens them. */
export const MAJORS = [
  { name: 'Keyv 5', open: five },
  { name: 'Keyv 6', open: six },
] as const satisfies readonly Major[]

function five(adapter: KeyvAdapter, namespace?: string): AnyKeyv {
  const keyv = new KeyvFive(adapter, namespace === undefined ? {} : { namespace })
  return Object.assign(keyv, {
    entries: () => keyv.iterator?.(undefined) ?? notIterable(),
  })
}

function six(adapter: KeyvAdapter, namespace?: string): AnyKeyv {
  const keyv = new KeyvSix(adapter, namespace === undefined ? {} : { namespace })
  return Object.assign(keyv, { entries: () => keyv.iterator() })
}

function notIterable(): never {
  throw new Error('Keyv does not iterate over this adapter.')
}

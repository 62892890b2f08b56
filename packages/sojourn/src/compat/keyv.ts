import type { SessionStore } from '../core/session-store.ts'
import { KeyValue, refuseOthers, ttlOf } from './key-value.ts'

/** A storage adapter of Keyv 5 and 6: functions of its own that need no `this` (CONTRACTS L9). */
export interface KeyvAdapter {
  /** Keyv 5 iterates only over adapters of a kind that it knows. */
  readonly opts: { readonly dialect: string; readonly url: string }
  /** Keyv puts its own here, so that each Keyv needs an adapter of its own. */
  namespace?: string | undefined
  /** Undefined when absent. */
  get: <Value>(key: string) => Promise<Value | undefined>
  getMany: <Value>(keys: readonly string[]) => Promise<(Value | undefined)[]>
  has: (key: string) => Promise<boolean>
  hasMany: (keys: readonly string[]) => Promise<boolean[]>
  /** `ttl` in milliseconds from now; none, or 0: as long as the store lets anything live. */
  set: (key: string, value: unknown, ttl?: number) => Promise<boolean>
  /** Resolves with true for each, which the types of Keyv 5 do not know of. */
  setMany: (entries: readonly KeyvEntry[]) => Promise<void>
  /** Takes what `iterator` gives, too. */
  delete: (key: string) => Promise<boolean>
  deleteMany: (keys: readonly string[]) => Promise<boolean>
  /** Removes what lies in the namespace. Goes through the whole store. */
  clear: () => Promise<void>
  /** Values under handles: keys are stored as hashes only. Goes through the whole store. */
  iterator: <Value>(namespace?: string) => Entries<Value>
  /** Keyv listens for errors. There are none that its calls do not get. */
  on: (event: string, listener: (...args: unknown[]) => void) => KeyvAdapter
}

type Entries<Value> = AsyncGenerator<(string | Awaited<Value> | undefined)[], void>

export interface KeyvEntry {
  readonly key: string
  readonly value: unknown
  readonly ttl?: number | undefined
}

export interface KeyvOptions {
  /** Keeps several kinds of values in one store apart. Never change it. Default `keyv`. */
  readonly label?: string
}

/**
 * A storage adapter for Keyv: `new Keyv(keyvAdapter(sessions))`. Each Keyv takes one of its own; all of them may be over
 * the same `sessions`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function keyvAdapter<Data>(
  sessions: SessionStore<Data>,
  { label = 'keyv', ...others }: KeyvOptions = {},
): KeyvAdapter {
  refuseOthers(others)
  const values = new KeyValue(sessions, { label, reusesIds: true, renewsLife: true })
  const base: Base = (namespace = adapter.namespace) => (namespace ? `${namespace}:` : '')
  const adapter: KeyvAdapter = {
    opts: { dialect: 'redis', url: '' },
    namespace: undefined,
    ...readersOver(values, base),
    ...writersOver(values, base),
    on: () => adapter,
  }
  return adapter
}

/** What all keys of a namespace begin with; without one, of Keyv's own. */
type Base = (namespace?: string) => string

/** What a key holds is Keyv's to know: its types say that its caller does. */
function readersOver<Data>(values: KeyValue<Data>, base: Base) {
  function get<Value>(key: string): Promise<Value | undefined>
  async function get(key: string): Promise<unknown> {
    return values.get(full(base, key))
  }
  function getMany<Value>(keys: readonly string[]): Promise<(Value | undefined)[]>
  async function getMany(keys: readonly string[]): Promise<unknown[]> {
    return Promise.all(keys.map((key) => values.get(full(base, key))))
  }
  function iterator<Value>(namespace?: string): Entries<Value>
  async function* iterator(namespace?: string): AsyncGenerator<unknown[], void> {
    const prefix = base(namespace)
    for await (const page of values.pages(prefix)) {
      for (const { handle, value } of page) yield [prefix + handle, value]
    }
  }
  const has = async (key: string): Promise<boolean> => values.has(full(base, key))
  const hasMany = async (keys: readonly string[]): Promise<boolean[]> => Promise.all(keys.map(has))
  return { get, getMany, iterator, has, hasMany }
}

function writersOver<Data>(values: KeyValue<Data>, base: Base) {
  const set = async (key: string, value: unknown, ttl?: number): Promise<boolean> => {
    await values.set(full(base, key), value, values.lasting(ttlOf(ttl, 1)))
    return true
  }
  function setMany(entries: readonly KeyvEntry[]): Promise<void>
  async function setMany(entries: readonly KeyvEntry[]): Promise<unknown> {
    return Promise.all(entries.map(({ key, value, ttl }) => set(key, value, ttl)))
  }
  const remove = async (key: string): Promise<boolean> => values.remove(full(base, key))
  const deleteMany = async (keys: readonly string[]): Promise<boolean> =>
    (await Promise.all(keys.map(remove))).every((isOurs) => isOurs)
  const clear = async (): Promise<void> => values.clear(base())
  return { set, setMany, delete: remove, deleteMany, clear }
}

/** Keyv 5 has put the namespace there itself, and Keyv 6 has not. */
function full(base: Base, key: string): string {
  return key.startsWith(base()) ? key : base() + key
}

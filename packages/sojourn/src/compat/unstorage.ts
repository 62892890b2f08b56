import { SessionError } from '../core/errors.ts'
import type { SessionStore } from '../core/session-store.ts'
import { KeyValue, refuseOthers, ttlOf } from './key-value.ts'

const SECOND = 1_000

/** What unstorage hands over with a call. */
interface CallOptions {
  readonly ttl?: unknown
}

/** A driver of unstorage, as far as we are one: functions of its own that need no `this` (CONTRACTS L9). */
export interface UnstorageDriver {
  readonly name: string
  readonly flags: { readonly ttl: boolean }
  /** Null when absent. */
  getItem: (key: string) => Promise<string | null>
  hasItem: (key: string) => Promise<boolean>
  /** `ttl` in seconds. */
  setItem: (key: string, value: string, options?: CallOptions) => Promise<void>
  /** Takes what `getKeys` gives, too. */
  removeItem: (key: string) => Promise<void>
  /** Handles: keys are stored as hashes only. Goes through the whole store. */
  getKeys: (base?: string) => Promise<string[]>
  /** Goes through the whole store. */
  clear: (base?: string) => Promise<void>
}

export interface UnstorageOptions {
  /** Keeps several drivers over one store apart. Never change it. Default `unstorage`. */
  readonly label?: string
  /** Seconds that an item lives which is stored without a `ttl` of its own. Default: the store's absolute timeout. */
  readonly ttl?: number
}

export interface UnstorageSessionOptions {
  /** Keeps several drivers over one store apart. Never change it. Default `unstorage-sessions`. */
  readonly label?: string
  /** Seconds that a session lives after it was last stored. Default: the store's idle timeout, after it was last read. */
  readonly ttl?: number
  /** Whose session it is, from the text that is stored: so that it is listed, counted and ended with the user's others. */
  readonly userId?: (value: string) => string | null | undefined
}

/**
 * A driver for values: `createStorage({ driver: unstorageDriver(sessions) })`. A key that was removed may be used again.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function unstorageDriver<Data>(
  sessions: SessionStore<Data>,
  { label = 'unstorage', ttl, ...others }: UnstorageOptions = {},
): UnstorageDriver {
  refuseOthers(others)
  const values = new KeyValue(sessions, { label, reusesIds: true, renewsLife: true })
  const lasting = checkedTtl(ttl)
  return {
    ...driverOver(values),
    getItem: async (key) => textOf(await values.get(key)),
    setItem: async (key, value, options) => {
      await values.set(key, value, values.lasting(ttlOf(options?.ttl, SECOND) ?? lasting))
    },
  }
}

/**
 * A driver for sessions under ids that are made anew for each, as Astro's are: what was removed stays so, whoever
 * still writes it.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function unstorageSessionDriver<Data>(
  sessions: SessionStore<Data>,
  { label = 'unstorage-sessions', ttl, userId, ...others }: UnstorageSessionOptions = {},
): UnstorageDriver {
  refuseOthers(others)
  const userOf = userId && (({ value }: Readonly<Record<string, unknown>>) => userId(textOf(value) ?? ''))
  const values = new KeyValue(sessions, { label, ...(userOf === undefined ? {} : { userId: userOf }) })
  const lasting = checkedTtl(ttl)
  return {
    ...driverOver(values),
    getItem: async (key) => textOf(await (lasting === null ? values.use(key) : values.get(key))),
    setItem: async (key, value, options) => {
      const ms = ttlOf(options?.ttl, SECOND) ?? lasting
      await values.set(key, value, ms === null ? null : values.lasting(ms))
    },
  }
}

function driverOver<Data>(values: KeyValue<Data>): Omit<UnstorageDriver, 'getItem' | 'setItem'> {
  return {
    name: 'sojourn',
    flags: { ttl: true },
    hasItem: async (key) => values.has(key),
    removeItem: async (key) => void (await values.remove(key)),
    getKeys: async (base) => {
      const under = baseOf(base)
      const keys: string[] = []
      for await (const page of values.pages(under)) {
        keys.push(...page.filter(({ isMeta }) => !isMeta).map(({ handle }) => under + handle))
      }
      return keys
    },
    clear: async (base) => values.clear(baseOf(base)),
  }
}

/** With the colon that unstorage puts behind it. */
function baseOf(base: string | undefined): string {
  return base === undefined || base === '' || base.endsWith(':') ? (base ?? '') : `${base}:`
}

function checkedTtl(ttl: number | undefined) {
  if (ttl === undefined || (typeof ttl === 'number' && ttl > 0)) return ttlOf(ttl, SECOND)
  throw new SessionError('INVALID_ARGUMENT', 'ttl must be a number of seconds above 0.')
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

import type { Clock } from '../core/clock.ts'
import { askOld } from '../core/foreign-old.ts'
import type { ForeignSessions } from '../core/foreign-sessions.ts'
import type { OldForm, OldStore } from '../core/old-store.ts'
import type { BetterAuthStorage } from './better-auth.ts'
import { instantIn, sessionIn, storedFrom, valueFrom } from './better-auth-session.ts'
import type { Seal } from './seal.ts'

const ACTIVE = 'active-sessions-'
const REVOKED = 'revoked-sessions-before-'
/** As many as a user may have here. */
const LISTED = 1_000
/** Later than any clock: counts as of now. */
const NOW = Number.MAX_SAFE_INTEGER

/** A storage that better-auth had before. */
export interface OldBetterAuthStore extends OldStore {
  /** A value that is no session, such as a verification; null when there is none. */
  value(key: string): Promise<string | null>
  /** The same, for the one call that removed it. */
  take(key: string): Promise<string | null>
}

/** Sessions as better-auth writes them. */
export function betterAuthForm(seal: Seal): OldForm {
  return {
    adopt: (token, { data, expiresAt }) => {
      const value = sessionIn(token, JSON.stringify(data))
      if (value === null) return null
      const until = instantIn(value.session, 'expiresAt') ?? expiresAt
      const use = until === null ? null : { seenAt: NOW, expiresAt: until }
      return { data: storedFrom(token, value, {}, seal), use }
    },
    restore: (token, data) => {
      const value: unknown = JSON.parse(valueFrom(token, data) ?? '{}')
      return typeof value === 'object' && value !== null ? value : {}
    },
  }
}

interface Parts {
  readonly storage: BetterAuthStorage
  readonly foreign: Pick<ForeignSessions<unknown>, 'fetch'>
  readonly old: OldBetterAuthStore
  readonly clock: Clock
}

/**
 * The same storage, which finds what the old one has: sessions as they are asked for, or listed, or revoked together;
 * and values, such as verifications that somebody is about to answer, until they are over.
 */
export function beforeIn({ storage, foreign, old, clock }: Parts): BetterAuthStorage {
  const asked = <T>(ask: () => Promise<T>): Promise<T> => askOld(clock, ask)
  const fetchListed = async (userId: string): Promise<void> => {
    const tokens = tokensIn(await asked(() => old.value(ACTIVE + userId)))
    await Promise.all(tokens.map((token) => foreign.fetch(token, { dryRun: false })))
    if (tokens.length > 0 && old.mode === 'move') await asked(() => old.remove(ACTIVE + userId))
  }
  return {
    ...storage,
    get: async (key) => {
      if (key.startsWith(ACTIVE)) await fetchListed(key.slice(ACTIVE.length))
      const value = await storage.get(key)
      return value ?? (key.startsWith(ACTIVE) ? null : asked(() => old.value(key)))
    },
    set: async (key, value, ttl) => {
      if (key.startsWith(REVOKED)) await fetchListed(key.slice(REVOKED.length))
      await storage.set(key, value, ttl)
      if (!key.startsWith(ACTIVE) && sessionIn(key, value) === null) await asked(() => old.remove(key))
    },
    delete: async (key) => {
      await storage.delete(key)
      if (!key.startsWith(ACTIVE)) await asked(() => old.remove(key))
    },
    getAndDelete: async (key) => {
      const value = await storage.getAndDelete(key)
      return value ?? (key.startsWith(ACTIVE) ? null : asked(() => old.take(key)))
    },
  }
}

/**
 * The old store, without sessions that began before all of their user's were revoked, here or there. Those of a list
 * are fetched and ended at the revocation itself; this is for the ones that no list names.
 */
export function unrevoked(
  old: OldStore,
  revokedBefore: (userId: string) => Promise<number | null>,
): OldStore {
  return {
    ...old,
    read: async (token, now) => {
      const found = await old.read(token, now)
      if (found === null || found === 'unreadable') return found
      const value = sessionIn(token, JSON.stringify(found.data))
      const { userId } = value?.session ?? {}
      const before = value === null ? null : await revokedBefore(String(userId))
      const began = instantIn(value?.session, 'createdAt')
      return before !== null && (began === null || began < before) ? null : found
    },
  }
}

function tokensIn(text: string | null): string[] {
  const list: unknown = text === null ? null : parsed(text)
  if (!Array.isArray(list)) return []
  const tokens = list.flatMap((entry: unknown) => {
    const token: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'token') : null
    return typeof token === 'string' ? [token] : []
  })
  return tokens.slice(0, LISTED)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

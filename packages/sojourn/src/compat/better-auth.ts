import type { SessionStore } from '../core/session-store.ts'
import { BetterAuthDesk } from './better-auth-desk.ts'
import { ownerOf } from './better-auth-session.ts'
import { refuseOthers } from './key-value.ts'
import { beforeIn, betterAuthForm, type OldBetterAuthStore, unrevoked } from './old-better-auth.ts'
import { Seal, type Secrets } from './seal.ts'

export interface BetterAuthOptions {
  /** At least 32 characters, such as `BETTER_AUTH_SECRET`; of several the first one seals. Seals what is stored. */
  readonly secret: Secrets
  /** Keeps several applications in one store apart. Never change it. Default `better-auth`. */
  readonly label?: string
  /** What better-auth had before, `betterAuthRedis({ client })` of `sojourn/migrate`: nobody is logged out. */
  readonly migrateFrom?: OldBetterAuthStore
}

/** `SecondaryStorage` of better-auth, from 1.3 on. */
export interface BetterAuthStorage {
  readonly get: (key: string) => Promise<string | null>
  /** `ttl` in seconds. */
  readonly set: (key: string, value: string, ttl?: number) => Promise<void>
  readonly delete: (key: string) => Promise<void>
  readonly getAndDelete: (key: string) => Promise<string | null>
  /** `ttl` in seconds, from the first increment on. */
  readonly increment: (key: string, ttl: number) => Promise<number>
}

/**
 * A secondary storage for better-auth: `betterAuth({ secondaryStorage: betterAuthStorage(sessions, { secret }) })`.
 * Sessions of better-auth become sessions of the store; whatever else it keeps is a value with a deadline.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function betterAuthStorage<Data>(
  sessions: SessionStore<Data>,
  options: BetterAuthOptions,
): BetterAuthStorage {
  const { secret, label = 'better-auth', migrateFrom, ...others } = options
  refuseOthers(others)
  const seal = new Seal(secret, label)
  if (migrateFrom === undefined) {
    return storageOf(new BetterAuthDesk(sessions, sessions.foreign({ label, userId: ownerOf }), seal))
  }
  const store = unrevoked(migrateFrom, async (userId) => {
    const before = (await storage.get(`revoked-sessions-before-${userId}`)) ?? Number.NaN
    return Number.isNaN(Number(before)) ? null : Number(before)
  })
  const source = { store, form: betterAuthForm(seal) }
  const foreign = sessions.foreign({ label, userId: ownerOf, migrateFrom: source })
  const desk = new BetterAuthDesk(sessions, foreign, seal)
  const storage = beforeIn({ storage: storageOf(desk), foreign, old: migrateFrom, clock: sessions.clock })
  return storage
}

function storageOf<Data>(desk: BetterAuthDesk<Data>): BetterAuthStorage {
  // Closures of their own: better-auth takes `increment` off the object, and plugins spread it (CONTRACTS L9).
  return {
    get: async (key) => desk.get(key),
    set: async (key, value, ttl) => desk.set(key, value, ttl),
    delete: async (key) => void (await desk.take(key)),
    getAndDelete: async (key) => desk.take(key),
    increment: async (key, ttl) => desk.increment(key, ttl),
  }
}

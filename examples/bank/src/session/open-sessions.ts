import { join } from 'node:path'
import { archiveTo, createSessionStore, type Duration, type Engine, type SessionStore } from 'sojourn'
import { lmdb } from 'sojourn/lmdb'
import { redis } from 'sojourn/redis'
import type { BankArchive } from '../archive/bank-archive.ts'
import { keptOf } from '../archive/kept-session.ts'
import type { RedisPlace } from '../command-line.ts'
import { BankSession, initialSession } from './bank-session.ts'

/** Five devices at once are plenty. At the sixth log-in the oldest session ends. */
const DEVICES = 5

export interface SessionSettings {
  /** The data directory. */
  readonly directory: string
  /** Where sessions are kept instead of in the data directory; null for there. */
  readonly redis: RedisPlace | null
  readonly bucketKey: Uint8Array
  /** Other lifetimes than those of the preset, to try the countdown out; null for the preset's. */
  readonly lifetime: { readonly idle: Duration; readonly absolute: Duration } | null
  /** Where sessions go when they have ended; null when they are forgotten. */
  readonly archive: BankArchive | null
}

/**
 * The session store of the bank. `banking` means: logged out after 5 minutes without activity (PSD2) and
 * after an hour in any case, `SameSite=Strict`, and a cookie that does not outlive the browser.
 */
export function openSessions(settings: SessionSettings): Promise<SessionStore<BankSession>> {
  const { bucketKey, lifetime, archive } = settings
  return createSessionStore({
    name: 'bank',
    engine: engineFor(settings),
    lifetime: lifetime ?? 'banking',
    perUser: { max: DEVICES, whenFull: 'endOldest' },
    schema: BankSession,
    initial: initialSession,
    bucketKey,
    atEnd: archive === null ? 'discard' : archiveTo<BankSession>(archive.sessions, { select: keptOf }),
  })
}

function engineFor({ directory, redis: place, archive }: SessionSettings): Promise<Engine> {
  // Embedded and on disk: sessions survive restarts, crashes and power cuts, with no server to run.
  if (place === null) return lmdb({ path: join(directory, 'sessions') })
  // On servers that any number of processes share. With replicas, a bank would also set `security: 'replicated'`.
  // What is to be archived must still be there when it has ended, which Redis by itself does not promise.
  return redis({ ...place, prefix: 'bank', due: archive !== null })
}

import { join } from 'node:path'
import { createSessionStore, type Duration, type SessionStore } from 'sojourn'
import { lmdb } from 'sojourn/lmdb'
import { BankSession, initialSession } from './bank-session.ts'

/** Five devices at once are plenty. At the sixth log-in the oldest session ends. */
const DEVICES = 5

export interface SessionSettings {
  /** The data directory. */
  readonly directory: string
  readonly bucketKey: Uint8Array
  /** Other lifetimes than those of the preset, to try the countdown out; null for the preset's. */
  readonly lifetime: { readonly idle: Duration; readonly absolute: Duration } | null
}

/**
 * The session store of the bank. `banking` means: logged out after 5 minutes without activity (PSD2) and
 * after an hour in any case, `SameSite=Strict`, and a cookie that does not outlive the browser.
 */
export function openSessions({
  directory,
  bucketKey,
  lifetime,
}: SessionSettings): Promise<SessionStore<BankSession>> {
  return createSessionStore({
    name: 'bank',
    // Embedded and on disk: sessions survive restarts, crashes and power cuts, with no server to run.
    engine: lmdb({ path: join(directory, 'sessions') }),
    lifetime: lifetime ?? 'banking',
    perUser: { max: DEVICES, whenFull: 'endOldest' },
    schema: BankSession,
    initial: initialSession,
    bucketKey,
  })
}

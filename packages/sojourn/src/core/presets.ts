import { SessionError } from './errors.ts'
import { type Duration, type Lifetime, lifetimeOf } from './lifetime.ts'

/** How many sessions a user may have, and what happens to a log-in above that. */
export interface PerUser {
  /** 1 to 1,000. */
  readonly max: number
  readonly whenFull: 'endOldest' | 'refuse'
}

type Preset = {
  readonly idle: Duration
  readonly absolute: Duration
  readonly sameSite: 'Lax' | 'Strict'
  readonly perUser: PerUser | null
  /** Whether a cookie may outlive the browser (SECURITY T23). */
  readonly persistentCookie: boolean
  /** Whether a read may be a little old, from an engine with a near cache (SECURITY T60). */
  readonly staleReads: boolean
}

/**
 * The lifetimes that standards ask for. Sources: NIST SP 800-63B-4 sections 2.1.3, 2.2.3, 2.3.3 (`aal1` to
 * `aal3`), PCI DSS 4 requirement 8.2.8 (`pci`), PSD2 RTS (EU) 2018/389 article 4(3)(d) (`banking`). Values
 * without a standard, such as those of `web` and `game`, are our own choice.
 */
export const PRESETS = {
  web: {
    idle: '30m',
    absolute: '8h',
    sameSite: 'Lax',
    perUser: null,
    persistentCookie: true,
    staleReads: true,
  },
  aal1: {
    idle: '7d',
    absolute: '30d',
    sameSite: 'Lax',
    perUser: null,
    persistentCookie: true,
    staleReads: true,
  },
  aal2: {
    idle: '60m',
    absolute: '24h',
    sameSite: 'Lax',
    perUser: null,
    persistentCookie: false,
    staleReads: true,
  },
  aal3: {
    idle: '15m',
    absolute: '12h',
    sameSite: 'Strict',
    perUser: null,
    persistentCookie: false,
    staleReads: false,
  },
  pci: {
    idle: '15m',
    absolute: '8h',
    sameSite: 'Lax',
    perUser: null,
    persistentCookie: false,
    staleReads: true,
  },
  banking: {
    idle: '5m',
    absolute: '1h',
    sameSite: 'Strict',
    perUser: { max: 1, whenFull: 'endOldest' },
    persistentCookie: false,
    staleReads: false,
  },
  game: {
    idle: '24h',
    absolute: '14d',
    sameSite: 'Lax',
    perUser: { max: 3, whenFull: 'endOldest' },
    persistentCookie: true,
    staleReads: true,
  },
  console: {
    idle: '15m',
    absolute: '8h',
    sameSite: 'Strict',
    perUser: { max: 1, whenFull: 'endOldest' },
    persistentCookie: false,
    staleReads: false,
  },
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof PRESETS

/** What a store's lifetime option means: the times, and what cookies and limits follow from them. */
export interface Policy {
  /** The preset's name; `custom` for lifetimes of the application's own. */
  readonly name: PresetName | 'custom'
  readonly lifetime: Lifetime
  readonly sameSite: 'Lax' | 'Strict'
  readonly persistentCookie: boolean
  readonly perUser: PerUser | null
  /** Whether a read may be a little old, from an engine with a near cache. */
  readonly staleReads: boolean
}

export type LifetimeOption = PresetName | { readonly idle: Duration; readonly absolute: Duration }

/** @throws SessionError `INVALID_ARGUMENT` for an unknown preset or lifetimes that contradict each other. */
export function policyOf(option: LifetimeOption): Policy {
  if (typeof option !== 'string') {
    const { sameSite, persistentCookie, perUser, staleReads } = PRESETS.web
    return { name: 'custom', lifetime: lifetimeOf(option), sameSite, persistentCookie, perUser, staleReads }
  }
  if (!Object.hasOwn(PRESETS, option)) {
    throw new SessionError(
      'INVALID_ARGUMENT',
      `lifetime must be one of ${Object.keys(PRESETS).join(', ')} or { idle, absolute }.`,
    )
  }
  const { sameSite, persistentCookie, perUser, staleReads, ...times } = PRESETS[option]
  return { name: option, lifetime: lifetimeOf(times), sameSite, persistentCookie, perUser, staleReads }
}

import { createHash } from 'node:crypto'
import { SessionError } from '../core/errors.ts'
import type { Instant } from '../core/port.ts'
import type { OldPresented, OldSessions } from '../http/old-sessions.ts'
import { cookiesOf, type Taking, taking } from './from-cookie.ts'
import { sessionIn } from './session-text.ts'
import { cookieIn } from './signed-cookie.ts'

/** What is used of iron-session: `{ unsealData }` from it, so that this package needs none. */
export type Unseal = (
  seal: string,
  options: { readonly password: IronPassword; readonly ttl?: number },
) => Promise<unknown>

/** As iron-session takes it: of several the seal says which. */
export type IronPassword = string | Readonly<Record<string, string>>

export interface IronSessionOptions extends Taking {
  readonly password: IronPassword
  /** As the old application has it. */
  readonly cookieName: string
  /** In seconds, as the old application has it: iron-session refuses what is older. Default 14 days; 0 for no end. */
  readonly ttl?: number
  /** `unsealData` of the iron-session that made the seals. Default: that of the installed one. */
  readonly unsealData?: Unseal
}

const DEFAULT_TTL_SECONDS = 1_209_600
/** iron-session 9 cuts a long seal into at most so many cookies. */
const CHUNKS = 4
/** `Fe26.2*<password id>*<salt>*<iv>*<ciphertext>*<expiration>*<mac salt>*<mac>`, and `~<version>`. */
const SEAL = /^Fe26\.2\*[^*]*\*[^*]*\*[^*]*\*[^*]*\*([0-9]*)\*[^*]*\*[^*~]*(?:~[0-9]+)?$/
/** No browser sends more in one cookie header. */
const SEAL_LENGTH = 16_384

/**
 * Sessions of iron-session 8 and 9, which live in the cookie alone (CONTRACTS, section 3.7). A seal is worth something
 * once: a copy of it gives nothing after that, also when its session has ended.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function ironSession(options: IronSessionOptions): OldSessions {
  const { password, cookieName, ttl = DEFAULT_TTL_SECONDS, unsealData, ...others } = options
  checkText(cookieName, 'cookieName')
  const take = taking(others)
  const chunks = Array.from({ length: CHUNKS }, (_, index) => `${cookieName}.${index}`)
  return {
    label: `migrate:${cookieName}`.replaceAll(/[^A-Za-z0-9:_.-]/g, '_').slice(0, 64),
    presented: (header): OldPresented | null => {
      const names = [cookieName, ...chunks].filter((name) => cookieIn(header, name) !== null)
      const seal = sealIn(header, cookieName, chunks)
      if (seal === null) return null
      return {
        // Without the version behind it, which is no part of what was sealed.
        credential: createHash('sha256')
          .update(seal.replace(/~[0-9]+$/, ''))
          .digest('base64url'),
        find: async (now) => {
          const expiresAt = expiryIn(seal)
          if (expiresAt !== null && expiresAt <= now) return null
          const unseal = unsealData ?? (await installed())
          const data = sessionIn(JSON.stringify(await unseal(seal, { password, ttl })) ?? '')
          return data === null || Object.keys(data).length === 0 ? 'unreadable' : take(data, expiresAt)
        },
        remove: async () => undefined,
        cookies: cookiesOf(names, others),
      }
    },
  }
}

function sealIn(header: string | undefined, name: string, chunks: readonly string[]): string | null {
  const seal = cookieIn(header, name) ?? chunks.map((chunk) => cookieIn(header, chunk) ?? '').join('')
  return seal.length <= SEAL_LENGTH && SEAL.test(seal) ? seal : null
}

function expiryIn(seal: string): Instant | null {
  const [, expiration = ''] = SEAL.exec(seal) ?? []
  return expiration === '' ? null : Number(expiration)
}

async function installed(): Promise<Unseal> {
  try {
    const { unsealData } = await import('iron-session')
    return (seal, options) => unsealData(seal, options)
  } catch (error) {
    throw missing(error)
  }
}

function missing(cause: unknown): SessionError {
  return new SessionError('INVALID_ARGUMENT', 'Install iron-session, or give its unsealData.', { cause })
}

function checkText(text: unknown, name: string): void {
  if (typeof text !== 'string' || text === '') {
    throw new SessionError('INVALID_ARGUMENT', `${name} must be text.`)
  }
}

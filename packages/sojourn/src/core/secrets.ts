import { hash } from 'node:crypto'
import type { Binding } from './binding.ts'
import { csrfValue } from './csrf.ts'
import type { Instant, Milliseconds, PreviousSecret, RetiredSecret, SessionRecord } from './port.ts'
import { openSuccessor, SEALED_BYTES, sealSuccessor } from './successor.ts'
import { digestOf, mintSecret, sameDigest, type TokenParts } from './token.ts'

/** How long the old secret works after its successor was first seen, and how soon reuse is an alarm. */
const GRACE_MS: Milliseconds = 10_000
/** How many retired secrets are remembered (SECURITY T45). */
const REMEMBERED = 4
const TRACE_BYTES = 8

type Secrets = Pick<SessionRecord, 'digest' | 'previous' | 'retired'>

/**
 * What a presented secret is to a record: its current secret; an alias of it, for a grace; one that was
 * retired and comes back, which is reuse; or a stranger, which changes nothing because ids are public (T8).
 */
export type Presented = 'current' | 'alias' | 'reuse' | 'stranger'

export function presentedAs(record: Secrets, digest: Uint8Array, now: Instant): Presented {
  if (sameDigest(record.digest, digest)) return 'current'
  const { previous } = record
  if (previous !== null && sameDigest(previous.digest, digest))
    return isInGrace(previous, now) ? 'alias' : 'reuse'
  const trace = digest.subarray(0, TRACE_BYTES)
  const reused = record.retired.some((old) => sameDigest(old.digest, trace) && now >= old.reuseFrom)
  return reused ? 'reuse' : 'stranger'
}

function isInGrace(previous: PreviousSecret, now: Instant): boolean {
  return previous.graceEndsAt === null || now < previous.graceEndsAt
}

/** The record's secrets without a successor whose grace is over: it must not lie about (SECURITY T43). */
function tidySecrets(record: SessionRecord, now: Instant): Secrets {
  const { digest, previous, retired } = record
  if (previous === null || isInGrace(previous, now)) return { digest, previous, retired }
  return { digest, previous: null, retired: retire(retired, previous.digest, previous.graceEndsAt ?? now) }
}

/**
 * The record's secrets after a use with these tokens, none for a use without one: the first that presents the
 * successor starts the end of the grace (SECURITY T42), and what is over is tidied away.
 */
export function secretsAfterUse(record: SessionRecord, tokens: readonly TokenParts[], now: Instant): Secrets {
  const secrets = tidySecrets(record, now)
  const { previous } = secrets
  if (previous === null || previous.graceEndsAt !== null) return secrets
  const isSeen = tokens.some(({ secret }) => sameDigest(record.digest, digestOf(secret)))
  return isSeen ? { ...secrets, previous: { ...previous, graceEndsAt: now + GRACE_MS } } : secrets
}

/** A new secret; the presented one becomes its alias for a grace, and an older alias retires. */
export function successionWithGrace(
  record: SessionRecord,
  old: TokenParts,
  binding: Binding,
  now: Instant,
): { readonly secret: string; readonly secrets: Secrets } {
  const secret = mintSecret()
  const sealed = Buffer.concat([sealSuccessor(old.secret, secret, binding), traceOfCsrf(old)])
  const previous = { digest: digestOf(old.secret), sealed, graceEndsAt: null }
  return { secret, secrets: { digest: digestOf(secret), previous, retired: withoutAlias(record, now) } }
}

/** A new secret; every older one is dead at once, and reuse of it an alarm after the usual grace. */
export function successionAtOnce(
  record: SessionRecord,
  now: Instant,
): { readonly secret: string; readonly secrets: Secrets } {
  const secret = mintSecret()
  const retired = retire(withoutAlias(record, now), record.digest, now + GRACE_MS)
  return { secret, secrets: { digest: digestOf(secret), previous: null, retired } }
}

/** The one successor of a secret in its grace; null when the record holds none for it. */
export function successorOf(record: SessionRecord, oldSecret: string, binding: Binding): string | null {
  if (record.previous === null) return null
  return openSuccessor(oldSecret, record.previous.sealed, binding)
}

/** Whether a CSRF value belongs to the presented secret, which must be valid, or to the one before it in its grace (T34). */
export function isCsrfValue(
  record: SessionRecord,
  token: TokenParts,
  value: Uint8Array,
  now: Instant,
): boolean {
  const presented = presentedAs(record, digestOf(token.secret), now)
  if (presented !== 'current' && presented !== 'alias') return false
  if (sameDigest(csrfValue(token), value)) return true
  const { previous } = record
  if (previous === null || !isInGrace(previous, now)) return false
  return sameDigest(previous.sealed.subarray(SEALED_BYTES), hash('sha256', Buffer.from(value), 'buffer'))
}

/** A page of before the rotation must still be able to post, so a hash of its CSRF value is kept. */
function traceOfCsrf(old: TokenParts): Uint8Array {
  return hash('sha256', Buffer.from(csrfValue(old)), 'buffer')
}

/** An alias that is replaced during its own grace is spared the alarm until that grace would have ended. */
function withoutAlias({ previous, retired }: SessionRecord, now: Instant): readonly RetiredSecret[] {
  if (previous === null) return retired
  return retire(retired, previous.digest, previous.graceEndsAt ?? now + GRACE_MS)
}

function retire(
  retired: readonly RetiredSecret[],
  digest: Uint8Array,
  reuseFrom: Instant,
): readonly RetiredSecret[] {
  return [...retired, { digest: Uint8Array.from(digest.subarray(0, TRACE_BYTES)), reuseFrom }].slice(
    -REMEMBERED,
  )
}

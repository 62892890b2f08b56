import { eventOf, type StoreContext } from './context.ts'
import { endRecord } from './ending.ts'
import { expiryOf } from './lifetime.ts'
import type { SessionRecord } from './port.ts'
import { presentedAs, secretsAfterUse } from './secrets.ts'
import { digestOf, parseToken, type TokenParts } from './token.ts'

/** A live session and how the presented token relates to it. */
export interface Found {
  readonly record: SessionRecord
  readonly token: TokenParts
  readonly presented: 'current' | 'alias'
}

const NOBODY = { digest: new Uint8Array(32), previous: null, retired: [] }

/**
 * The live session of a token; null when the token is malformed, unknown, expired, ended or wrong. A
 * malformed token asks the engine nothing (SECURITY T2). A retired secret that comes back ends the session
 * (T45); any other wrong secret changes nothing (T8).
 */
export async function lookUp<Data>(context: StoreContext<Data>, token: unknown): Promise<Found | null> {
  const parts = parseToken(token)
  if (parts === null) return miss(context, 'malformedTokens')
  const [record = null] = await context.records.read([parts.id])
  const now = context.clock.now()
  // An unknown id costs the same hash and comparison as a known one (T6).
  const presented = presentedAs(record ?? NOBODY, digestOf(parts.secret), now)
  if (record === null) return miss(context, 'unknownTokens')
  if (presented === 'stranger') return miss(context, 'wrongSecrets')
  if (!context.records.isLive(record, now)) return endIfCutOff(context, record)
  if (presented !== 'reuse') return { record, token: parts, presented }
  const ended = await endRecord(context, record, 'reuse')
  if (ended) context.events.emit('reuseDetected', eventOf(context, record))
  return null
}

function miss(
  context: Pick<StoreContext<unknown>, 'counters'>,
  counter: 'malformedTokens' | 'unknownTokens' | 'wrongSecrets',
): null {
  context.counters.add(counter)
  return null
}

/** `revokeAll` writes one cut-off; whoever meets a session behind it ends that one for good. */
function endIfCutOff<Data>(context: StoreContext<Data>, record: SessionRecord): null {
  if (record.ended === null && context.records.isCutOff(record)) {
    context.background.once(`end ${record.id}`, () => endRecord(context, record, 'revoked'))
  }
  return null
}

/**
 * Records what a use of a session tells, off the caller's path: that the successor of a rotation was seen,
 * that a grace is over, or that the session is active, at most once in the throttle (SECURITY T42, T43, T47).
 */
export function noteUse<Data>(
  context: StoreContext<Data>,
  record: SessionRecord,
  tokens: readonly TokenParts[],
  touch: boolean,
): void {
  const now = context.clock.now()
  const { idle, throttle } = context.policy.lifetime
  const active = touch && now - record.seenAt >= throttle
  const seenAt = active ? now : record.seenAt
  const expiresAt = active ? expiryOf(now, idle, record.absoluteAt) : record.expiresAt
  const secrets = secretsAfterUse(record, tokens, now)
  if (secrets.previous !== record.previous) {
    const next = { ...record, ...secrets, seenAt, expiresAt, version: record.version + 1 }
    context.background.once(`use ${record.id}`, () => context.engine.replace(next, record.version, now))
  } else if (active) {
    context.background.once(`use ${record.id}`, () => context.engine.touch(record.id, seenAt, expiresAt))
  }
}

import { bindingOf, type StoreContext } from './context.ts'
import { endRecord } from './ending.ts'
import type { EndReason, SessionId, SessionRecord } from './port.ts'
import { openSuccessor, SEALED_BYTES, sealSuccessor } from './successor.ts'
import { digestOf, parseToken, sameDigest, type TokenParts } from './token.ts'

const DIGEST_BYTES = 32
/** Ends that are no log-out: the session was left, or has made place. */
const QUIET: readonly EndReason[] = ['replaced', 'idle', 'absolute', 'limit']

type Names = Pick<StoreContext<unknown>, 'name'>
type Ends = Pick<StoreContext<unknown>, 'engine' | 'records' | 'clock' | 'events'>

/**
 * The next version of a session that another one takes the place of, under the same foreign id. No update changes it any
 * more; who holds its old secret finds the successor's in it, sealed (SECURITY T43).
 */
export function handedOver(
  names: Names,
  record: SessionRecord,
  token: TokenParts,
  to: TokenParts,
): SessionRecord {
  const secret = sealSuccessor(token.secret, to.secret, bindingOf(names, record))
  const sealed = Buffer.concat([secret, Buffer.from(to.id)])
  return {
    ...record,
    version: record.version + 1,
    digest: new Uint8Array(DIGEST_BYTES),
    previous: { digest: digestOf(token.secret), sealed, graceEndsAt: null },
  }
}

/** Whether a session has been handed over: it lives until it is ended a moment later, and takes no more writes. */
export function isHandedOver({ digest, previous }: SessionRecord): boolean {
  return previous !== null && digest.every((byte) => byte === 0)
}

/** The session that took the place of this one, for who holds its old token; null when none did. */
export function successorFor(names: Names, record: SessionRecord, { secret }: TokenParts): TokenParts | null {
  const { previous } = record
  const id = successorIdOf(record)
  if (previous === null || id === null || !sameDigest(previous.digest, digestOf(secret))) return null
  const opened = openSuccessor(secret, previous.sealed, bindingOf(names, record))
  return opened === null ? null : parseToken(id + opened)
}

/** Its id, which anybody may know. */
export function successorIdOf(record: SessionRecord): SessionId | null {
  const { previous } = record
  if (previous === null || !isHandedOver(record)) return null
  return Buffer.from(previous.sealed.subarray(SEALED_BYTES)).toString()
}

/** Whether the one that takes its place lives: nobody has ended this one otherwise, as by a log-out. */
export function mayMakePlace({ ended }: SessionRecord): boolean {
  return ended === null || QUIET.includes(ended.reason)
}

/**
 * Ends a session that was handed over, also for whoever began that and has died. False when it was ended otherwise before:
 * then the one that takes its place must end too.
 */
export async function makesPlace(context: Ends, old: SessionRecord): Promise<boolean> {
  if (old.ended !== null) return mayMakePlace(old)
  if (await endRecord(context, old, 'replaced')) return true
  // What is forgotten counts as ended by a log-out.
  const ended = await context.records.readOne(old.id)
  return ended !== null && mayMakePlace(ended)
}

/**
 * Forgets a session that nobody has reached, so that no event tells of it and no archive gets it; false when it was
 * reached. One that has expired is left to the sweep.
 */
export async function forgetUnreached(
  { engine, clock }: Pick<Ends, 'engine' | 'clock'>,
  { id, expiresAt }: SessionRecord,
): Promise<boolean> {
  const now = clock.now()
  // Else it was reached, and has ended since.
  const isOurs = now < expiresAt && (await engine.end(id, 'erased', now))
  if (isOurs) await engine.settle([id], null)
  return isOurs
}

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

/**
 * Ends a session that was handed over, also for whoever began that and has died. False when it was ended otherwise before,
 * as by a log-out: then the one that takes its place must end too.
 */
export async function makesPlace(context: Ends, old: SessionRecord): Promise<boolean> {
  const isEnded = old.ended === null && (await endRecord(context, old, 'replaced'))
  if (isEnded) return true
  const ended = old.ended ?? (await context.records.readOne(old.id))?.ended ?? null
  // What is forgotten counts as ended by a log-out.
  return ended !== null && QUIET.includes(ended.reason)
}

/** Forgets a session that nobody has reached and that nobody was told of: no event tells of it, and no archive gets it. */
export async function forgetUnreached({ engine, clock }: Ends, id: SessionId): Promise<void> {
  // Else it was reached, and has ended since.
  if (await engine.end(id, 'erased', clock.now())) await engine.settle([id], null)
}

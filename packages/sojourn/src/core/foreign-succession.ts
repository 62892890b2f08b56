import { bindingOf } from './context.ts'
import type { SessionRecord } from './port.ts'
import { openSuccessor, SEALED_BYTES, sealSuccessor } from './successor.ts'
import { digestOf, parseToken, sameDigest, type TokenParts } from './token.ts'

const DIGEST_BYTES = 32

type Names = Parameters<typeof bindingOf>[0]

/**
 * The next version of a session that another one takes the place of, under the same foreign id. No token opens it any
 * more, and no update changes it; who holds its old secret finds the successor's in it, sealed (SECURITY T43).
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
  if (previous === null || !isHandedOver(record)) return null
  if (!sameDigest(previous.digest, digestOf(secret))) return null
  const opened = openSuccessor(secret, previous.sealed, bindingOf(names, record))
  const id = Buffer.from(previous.sealed.subarray(SEALED_BYTES)).toString()
  return opened === null ? null : parseToken(id + opened)
}

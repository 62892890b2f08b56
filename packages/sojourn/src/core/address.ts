import type { StoreContext } from './context.ts'
import { SessionError } from './errors.ts'
import { lookUp } from './look-up.ts'
import { isOwn } from './own-record.ts'
import type { SessionId, SessionRecord } from './port.ts'
import type { SessionAddress } from './session.ts'
import { InfoSnapshot } from './snapshot.ts'
import { STORE_ID } from './store-record.ts'
import type { TokenParts } from './token.ts'

/** The record that an address names. */
export interface Addressed {
  readonly record: SessionRecord
  /** Whether the record was read for this very call, and not some time before. */
  readonly fresh: boolean
  /** The token that named it; null when something else did. */
  readonly token: TokenParts | null
  /** Whether it was named by a token that has been replaced. */
  readonly superseded: boolean
}

const ID = /^[A-Za-z0-9_-]{16}$/

/**
 * The live session that an address names; null when there is none, or when the authority beside an id is not
 * the record's: knowing an id is not enough to change a session (SECURITY T7).
 * @throws SessionError `INVALID_ARGUMENT` for something that is no address
 */
export async function resolve<Data>(
  context: StoreContext<Data>,
  address: SessionAddress,
): Promise<Addressed | null> {
  if (typeof address === 'string') {
    const found = await lookUp(context, address)
    return found && { ...found, fresh: true, superseded: found.presented === 'alias' }
  }
  if (typeof address !== 'object' || address === null) throw notAnAddress()
  const known = InfoSnapshot.recordBehind(address)
  if (known === null) return resolveId(context, address)
  const superseded = 'superseded' in address && address.superseded === true
  if (!context.records.isFresh()) await context.records.refresh()
  if (context.records.isLive(known, context.clock.now())) {
    return { record: known, fresh: false, token: null, superseded }
  }
  // It has expired as far as this snapshot knows: its deadline may have moved since.
  const record = await readLive(context, known.id)
  return record && { record, fresh: true, token: null, superseded }
}

/** The same as it is stored now: what was read some time before may have ended since. */
export async function resolveStored<Data>(
  context: StoreContext<Data>,
  address: SessionAddress,
): Promise<SessionRecord | null> {
  const addressed = await resolve(context, address)
  if (addressed === null || addressed.fresh) return addressed?.record ?? null
  return readLive(context, addressed.record.id)
}

async function resolveId<Data>(
  context: StoreContext<Data>,
  address: Exclude<SessionAddress, string>,
): Promise<Addressed | null> {
  const byOperator = 'operator' in address && address.operator === true
  const owner = 'userId' in address ? address.userId : null
  if (!byOperator && typeof owner !== 'string') throw notAnAddress()
  if (!isSessionId(address.id)) return null
  const record = await readLive(context, address.id)
  if (record === null || (!byOperator && record.userId !== owner)) return null
  return { record, fresh: true, token: null, superseded: false }
}

/** Whether it has the form of a session's id; the store's own record is no session. */
export function isSessionId(id: unknown): id is SessionId {
  return typeof id === 'string' && ID.test(id) && id !== STORE_ID
}

async function readLive<Data>(context: StoreContext<Data>, id: SessionId): Promise<SessionRecord | null> {
  const record = await context.records.readOne(id)
  if (record === null || isOwn(record)) return null
  return context.records.isLive(record, context.clock.now()) ? record : null
}

function notAnAddress(): SessionError {
  return new SessionError(
    'INVALID_ARGUMENT',
    'A session is named by its token, by a session that the store returned, by { id, userId } or by { id, operator: true }.',
  )
}

import type { StoreContext } from './context.ts'
import { SessionError } from './errors.ts'
import { lookUp } from './look-up.ts'
import type { SessionRecord } from './port.ts'
import type { SessionAddress } from './session.ts'
import { InfoSnapshot } from './snapshot.ts'
import { STORE_ID } from './store-record.ts'

/** The record that an address names. */
export interface Addressed {
  readonly record: SessionRecord
  /** Whether the record was read for this very call, and not some time before. */
  readonly fresh: boolean
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
    return found && { record: found.record, fresh: true, superseded: found.presented === 'alias' }
  }
  const known = InfoSnapshot.recordBehind(address)
  if (known === null) return resolveId(context, address)
  return context.records.isLive(known, context.clock.now())
    ? { record: known, fresh: false, superseded: 'superseded' in address && address.superseded === true }
    : null
}

async function resolveId<Data>(
  context: StoreContext<Data>,
  address: Exclude<SessionAddress, string>,
): Promise<Addressed | null> {
  const byOperator = 'operator' in address && address.operator === true
  const owner = 'userId' in address ? address.userId : null
  if (!byOperator && typeof owner !== 'string') throw notAnAddress()
  if (typeof address.id !== 'string' || !ID.test(address.id) || address.id === STORE_ID) return null
  const record = await context.records.readOne(address.id)
  if (record === null || !context.records.isLive(record, context.clock.now())) return null
  if (!byOperator && record.userId !== owner) return null
  return { record, fresh: true, superseded: false }
}

function notAnAddress(): SessionError {
  return new SessionError(
    'INVALID_ARGUMENT',
    'A session is named by its token, by a session that the store returned, by { id, userId } or by { id, operator: true }.',
  )
}

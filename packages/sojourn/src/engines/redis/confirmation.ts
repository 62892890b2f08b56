import { redacted, SessionError } from '../../core/errors.ts'
import type { Milliseconds } from '../../core/port.ts'
import type { Argument, Connection, Reply } from './client.ts'
import { refusalOf } from './failures.ts'
import { listOf, numberOf } from './replies.ts'

/** What a write must have reached before it is acknowledged, beyond the primary's memory. */
export interface Confirmation {
  readonly kind: 'replicated' | 'fsync'
  readonly replicas: number
  readonly within: Milliseconds
}

/** The command that waits for it. It means all writes before it on its connection, and no others. */
export function confirmCommand({ kind, replicas, within }: Confirmation): readonly Argument[] {
  const [count, limit] = [String(replicas), String(within)]
  return kind === 'replicated' ? ['WAIT', count, limit] : ['WAITAOF', '1', count, limit]
}

/** @throws SessionError `OUTCOME_UNKNOWN` when too few confirmed: the write is on the primary, perhaps only there */
export function assertConfirmed({ kind, replicas, within }: Confirmation, reply: Reply): void {
  const [local, confirmed] = kind === 'replicated' ? [1, numberOf(reply)] : listOf(reply).map(numberOf)
  if ((local ?? 0) >= 1 && (confirmed ?? 0) >= replicas) return
  const disk = kind === 'fsync' && local === 0 ? ', and the primary has not synced its disk' : ''
  throw new SessionError(
    'OUTCOME_UNKNOWN',
    `redis: ${confirmed ?? 0} of ${replicas} replicas confirmed the write within ${within} ms${disk}.`,
  )
}

/**
 * Refuses a server that cannot confirm, before anything is written there.
 * @throws SessionError `ENGINE_REFUSED`
 */
export async function assertCanConfirm({ kind }: Confirmation, connection: Connection): Promise<void> {
  if (kind === 'replicated') return
  try {
    await connection.send(['WAITAOF', '1', '0', '1'])
  } catch (error) {
    throw refusalOf(error) === 'ERR' ? cannotConfirm(error) : error
  }
}

function cannotConfirm(error: unknown): SessionError {
  const why = 'redis: durability fsync needs WAITAOF (Redis 7.2 or newer) and appendonly yes.'
  return new SessionError('ENGINE_REFUSED', why, { cause: redacted(error) })
}

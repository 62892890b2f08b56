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

/** What a server says that is no primary any more: whether it was one when the write came, it does not say. */
const DEMOTED: readonly (string | null)[] = ['UNBLOCKED', 'READONLY', 'MOVED']

/**
 * Why writes that were done count as done no longer; null when they were confirmed. `OUTCOME_UNKNOWN`: they are
 * on the primary, perhaps only there. An error of another kind is like a connection that broke.
 */
export function failureOfConfirmation(
  confirmation: Confirmation,
  settled: PromiseSettledResult<Reply> | undefined,
): unknown {
  if (settled?.status === 'fulfilled') return shortageOf(confirmation, settled.value)
  const word = refusalOf(settled?.reason)
  if (word === null) return settled?.reason ?? new Error('No reply.')
  if (DEMOTED.includes(word))
    return new Error('The server is no primary any more.', { cause: settled?.reason })
  const why = `redis: the write was done, and its confirmation refused (${word}).`
  return new SessionError('OUTCOME_UNKNOWN', why, { cause: redacted(settled?.reason) })
}

function shortageOf({ kind, replicas, within }: Confirmation, reply: Reply): SessionError | null {
  const [local, confirmed] = kind === 'replicated' ? [1, numberOf(reply)] : listOf(reply).map(numberOf)
  if ((local ?? 0) >= 1 && (confirmed ?? 0) >= replicas) return null
  const disk = kind === 'fsync' && local === 0 ? ', and the primary has not synced its disk' : ''
  return new SessionError(
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

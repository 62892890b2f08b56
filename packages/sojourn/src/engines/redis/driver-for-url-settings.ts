import type { Milliseconds } from '../../core/port.ts'

/** Longer than any healthy server needs, shorter than a request may wait. */
export const CONNECT_MS: Milliseconds = 1_000
/** A connection on which nothing came for so long, although something was asked, is taken for dead. */
export const SILENCE_MS: Milliseconds = 2_000
/** How often a connection on which nothing else goes is asked for a sign of life. */
export const SIGN_OF_LIFE_MS: Milliseconds = 1_000
/** How long a cluster's primary is away before the driver asks the others who has its slots. */
export const LOOK_AROUND_MS: Milliseconds = 100
/** So often a call follows a slot, a tenth of a second each time: its caller has no more time. */
export const REDIRECTIONS = 8
/** A command that could not be sent for so long is rejected; its caller has gone long before. */
export const QUEUE_MS: Milliseconds = 2_000
/** So many commands may wait for their answers. */
export const QUEUE_LIMIT = 10_000
const FIRST_RETRY_MS: Milliseconds = 50
/** After a fail-over calls are to go on within a second. */
const LONGEST_RETRY_MS: Milliseconds = 400

export function retryAfter(attempt: number): Milliseconds {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 10), LONGEST_RETRY_MS)
}

/** Failures reach the callers, one by one; without a listener they would be printed, or end the process. */
export function quiet<Client extends { on(event: 'error', listener: () => void): unknown }>(
  client: Client,
): Client {
  client.on('error', () => undefined)
  return client
}

/** A driver is an optional peer: null where it is not installed. */
export async function installedOrNull<Module>(load: () => Promise<Module>): Promise<Module | null> {
  try {
    return await load()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return null
    throw error
  }
}

import { SessionError } from '../../core/errors.ts'

export interface MemoryOptions {
  /** The most bytes that records may take, tombstones and an estimate of their overhead included. 256 MiB. */
  readonly maxBytes?: number
  /** The most records, tombstones included. 1,000,000. */
  readonly maxSessions?: number
  /** Accept that each `node:cluster` worker has sessions of its own, which no other worker finds. */
  readonly allowCluster?: boolean
}

export interface MemoryLimits {
  readonly maxBytes: number
  readonly maxSessions: number
}

const KNOWN = ['maxBytes', 'maxSessions', 'allowCluster']

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkOptions(options: MemoryOptions, isClusterWorker: boolean): MemoryLimits {
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) throw refusal(`memory: there is no option "${unknown}".`)
  const { maxBytes = 256 * 2 ** 20, maxSessions = 1_000_000, allowCluster = false } = options
  for (const [name, value] of Object.entries({ maxBytes, maxSessions })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw refusal(`memory: ${name} must be a whole number from 1.`)
  }
  if (typeof allowCluster !== 'boolean') throw refusal('memory: allowCluster must be true or false.')
  if (isClusterWorker && !allowCluster) {
    throw refusal(
      'memory: this is a node:cluster worker. Each worker would have its own sessions, so users would be ' +
        'logged out at random. Use an engine that processes can share, or set allowCluster.',
    )
  }
  return { maxBytes, maxSessions }
}

function refusal(detail: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', detail)
}

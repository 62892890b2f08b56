import type { ServerReply } from './command.ts'
import type { RedisServer } from './redis-server.ts'

export interface ExpectedView {
  readonly name: string
  /** Of the replicas that run, as they announce themselves. */
  readonly replicaPorts: readonly number[]
  /** All of them, this one too. */
  readonly sentinels: number
}

/** Whether this Sentinel could fail over now: it sees the primary, the other Sentinels and these replicas. */
export async function watches(sentinel: RedisServer, expected: ExpectedView): Promise<boolean> {
  const { name, replicaPorts, sentinels } = expected
  const primary = fieldsOf(await sentinel.cli('SENTINEL', 'MASTER', name))
  if (primary.get('flags') !== 'master') return false
  if (primary.get('num-other-sentinels') !== String(sentinels - 1)) return false
  const reply = await sentinel.cli('SENTINEL', 'REPLICAS', name)
  const replicas = Array.isArray(reply) ? reply.map(fieldsOf) : []
  const isHealthy = (port: number): boolean =>
    replicas.some(
      (one) =>
        one.get('port') === String(port) &&
        one.get('flags') === 'slave' &&
        one.get('master-link-status') === 'ok',
    )
  return replicaPorts.every(isHealthy)
}

/** Names and values that follow each other in a list. */
function fieldsOf(reply: ServerReply): ReadonlyMap<string, string> {
  const words = Array.isArray(reply) ? reply.map(String) : []
  return new Map(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ''] as const] : [])))
}

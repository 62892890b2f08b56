import type { RedisServer } from './redis-server.ts'

/** What one node believes of another, or of itself. */
interface NodeView {
  readonly id: string
  readonly flags: readonly string[]
  /** Of the primary that it replicates; null for a primary. */
  readonly primaryId: string | null
  readonly isConnected: boolean
  /** First and last slot of each range that it owns. */
  readonly ranges: readonly (readonly [number, number])[]
}

export interface ClusterView {
  readonly isOk: boolean
  readonly nodes: readonly NodeView[]
}

const UNSETTLED = ['handshake', 'noaddr', 'fail', 'fail?']

/** What this node believes of its cluster. Rejects when it does not answer. */
export async function viewOf(server: RedisServer): Promise<ClusterView> {
  const [info, nodes] = await Promise.all([server.cli('CLUSTER', 'INFO'), server.cli('CLUSTER', 'NODES')])
  return {
    isOk: String(info).includes('cluster_state:ok'),
    nodes: String(nodes).trim().split('\n').map(nodeFrom),
  }
}

/** Whether this view sees these nodes, and all of them well. */
export function sees({ nodes }: ClusterView, ids: readonly string[]): boolean {
  const isWell = (id: string): boolean =>
    nodes.some(
      (node) => node.id === id && node.isConnected && !node.flags.some((flag) => UNSETTLED.includes(flag)),
    )
  return ids.every(isWell)
}

/** Who owns what and replicates whom, as text: the same for two views that agree. */
export function layoutOf({ nodes }: ClusterView): string {
  const lines = nodes.map(
    ({ id, primaryId, ranges }) => `${id} ${primaryId ?? 'primary'} ${ranges.join(' ')}`,
  )
  return lines.sort().join('\n')
}

export function ownerIn({ nodes }: ClusterView, slot: number): string | null {
  const owns = ({ ranges }: NodeView): boolean =>
    ranges.some(([first, last]) => first <= slot && slot <= last)
  return nodes.find(owns)?.id ?? null
}

/** A line of CLUSTER NODES. Slots on their way, in brackets, still belong to whom they leave. */
function nodeFrom(line: string): NodeView {
  const [id = '', , flags = '', primary = '-', , , , link = '', ...slots] = line.trim().split(' ')
  return {
    id,
    flags: flags.split(','),
    primaryId: primary === '-' ? null : primary,
    isConnected: link === 'connected',
    ranges: slots.filter((text) => !text.startsWith('[')).map(rangeFrom),
  }
}

function rangeFrom(text: string): readonly [number, number] {
  const [first = '', last = first] = text.split('-')
  return [Number(first), Number(last)]
}

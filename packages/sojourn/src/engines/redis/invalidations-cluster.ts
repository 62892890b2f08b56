import type { Connection, RedisClient } from './client.ts'
import { gap } from './invalidations-gap.ts'
import { BUCKETS } from './keys.ts'
import { textOf } from './replies.ts'
import { slotOf } from './slots.ts'

/** A bucket of each primary, by the primary's address. One, where there is no cluster. */
export function bucketsByPrimary(client: RedisClient, prefix: string): ReadonlyMap<string, string[]> {
  const byPrimary = new Map<string, string[]>()
  for (const bucket of client.isCluster ? BUCKETS : BUCKETS.slice(0, 1)) {
    const primary = client.primaryOf(`${prefix}:{${bucket}}:`)
    if (primary === '') throw gap('a slot has no server.')
    const buckets = byPrimary.get(primary)
    if (buckets === undefined) byPrimary.set(primary, [bucket])
    else buckets.push(bucket)
  }
  return byPrimary
}

/**
 * What a server of a cluster says it owns. Its own word is the one that counts: it is the first to know when a
 * slot begins to leave it, and who still believes that a slot is there would hear of no write elsewhere.
 */
export class SlotWatch {
  readonly #connection: Connection
  #slots: string | null = null

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Rejects when the slots are not those of the first look, or one of them is on the move. */
  async look(): Promise<void> {
    const slots = ownSlotsOf(textOf(await this.#connection.send(['CLUSTER', 'NODES'])))
    this.#slots ??= slots
    if (slots !== this.#slots) throw gap('slots have moved.')
  }

  /** The first of these buckets whose slot the server has not; null when it has all. */
  lacks(buckets: readonly string[]): string | null {
    const ranges = (this.#slots ?? '').split(' ').map((range) => range.split('-').map(Number))
    const isHere = (slot: number) =>
      ranges.some(([first = -1, last = first]) => first <= slot && slot <= last)
    return buckets.find((bucket) => !isHere(slotOf(bucket))) ?? null
  }

  close(): void {
    this.#connection.close()
  }
}

/** @throws Error when it is no primary, or a slot comes or goes */
function ownSlotsOf(nodes: string): string {
  const own = nodes.split('\n').find((line) => /^\S+ \S+ \S*\bmyself\b/.test(line)) ?? ''
  const [, , flags = '', , , , , , ...slots] = own.trim().split(' ')
  if (!flags.split(',').includes('master')) throw gap('the server is no primary.')
  const text = slots.join(' ')
  if (text.includes('[')) throw gap('slots are moving.')
  return text
}

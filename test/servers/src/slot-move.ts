import type { RedisServer } from './redis-server.ts'

/** A node of a cluster with the id by which the others know it. */
export interface ClusterNode {
  readonly id: string
  readonly server: RedisServer
}

export interface SlotMovePlan {
  readonly slot: number
  readonly from: ClusterNode
  readonly to: ClusterNode
  /** All other primaries, which are told of the new owner at once. */
  readonly others: readonly ClusterNode[]
}

const MIGRATE_LIMIT_MS = 5_000

/**
 * Moves a slot step by step, so that a test can act in between. Between `begin` and `finish` the source answers
 * ASK for keys that are gone, and TRYAGAIN where some of a command's keys are.
 */
export class SlotMove {
  readonly slot: number
  readonly from: RedisServer
  readonly to: RedisServer
  readonly #plan: SlotMovePlan

  constructor(plan: SlotMovePlan) {
    this.slot = plan.slot
    this.from = plan.from.server
    this.to = plan.to.server
    this.#plan = plan
  }

  async begin(): Promise<void> {
    const { slot, from, to } = this.#plan
    await to.server.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
    await from.server.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
  }

  /** Moves up to so many keys; how many it moved. 0 when none is left. */
  async migrate(count = 100): Promise<number> {
    const keys = await this.from.cli('CLUSTER', 'GETKEYSINSLOT', this.slot, count)
    if (!Array.isArray(keys) || keys.length === 0) return 0
    const { host, port } = this.to
    await this.from.cli('MIGRATE', host, port, '', 0, MIGRATE_LIMIT_MS, 'KEYS', ...keys.map(String))
    return keys.length
  }

  /** The slot is the other's from now on. First the new owner is told, so that no key is without one. */
  async finish(): Promise<void> {
    const { slot, from, to, others } = this.#plan
    for (const { server } of [to, from, ...others])
      await server.cli('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
  }

  /** All steps. */
  async run(): Promise<void> {
    await this.begin()
    while ((await this.migrate()) > 0);
    await this.finish()
  }
}

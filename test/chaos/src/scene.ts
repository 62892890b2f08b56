/** Servers, and a fault that is done to them. */
export interface Scene {
  /** Where clients find the servers. */
  readonly url: string
  /** Of these users, those whose sessions the fault can reach. The ids of their sessions begin with the bucket. */
  reached(users: readonly Placed[]): Promise<readonly string[]>
  /** Does it, and resolves when the servers are back. */
  strike(): Promise<Back>
  /** Waits until the servers that are left serve. */
  settle(): Promise<void>
  stop(): Promise<void>
}

/** From when on a well-made client could succeed again. */
interface Back {
  /** A primary serves. */
  readonly servedAt: number
  /** A replica follows it, and can confirm. */
  readonly followedAt: number
}

export interface Placed {
  readonly userId: string
  readonly bucket: string
}

export const REACHES = ['the primary', 'one replica', 'all replicas'] as const
export type Reach = (typeof REACHES)[number]

export interface Fault {
  readonly name: string
  readonly topology: 'one server' | 'Sentinel' | 'Cluster'
  /** What a write must have reached to survive it: the primary alone, a replica, or every replica. */
  readonly survivedBy: Reach
  /** Whether no connection tells a client of it: nothing comes any more, and nothing is closed. */
  readonly isSilent: boolean
  start(): Promise<Scene>
}

export async function everybody(users: readonly Placed[]): Promise<readonly string[]> {
  return users.map(({ userId }) => userId)
}

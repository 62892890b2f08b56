import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import type { Servers } from './contestant.ts'

/** As the application would make it, with the driver's own defaults. */
export function ioredisOf({ urls, isCluster }: Servers): Redis | Cluster {
  return isCluster ? new Cluster([...urls]) : new Redis(urls[0] ?? '')
}

/** As the application would make it, with the driver's own defaults. */
export async function nodeRedisOf({ urls, isCluster }: Servers) {
  const client = isCluster
    ? createCluster({ rootNodes: urls.map((url) => ({ url })) })
    : createClient({ url: urls[0] ?? '' })
  client.on('error', (error: unknown) => console.error(error))
  await client.connect()
  return client
}

/** The client that connect-redis asks for. */
export async function singleNodeRedisOf({ urls }: Servers) {
  const client = createClient({ url: urls[0] ?? '' })
  client.on('error', (error: unknown) => console.error(error))
  await client.connect()
  return client
}

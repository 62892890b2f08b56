import type { RedisServer } from './redis-server.ts'

/** What a server is by its own word. */
export type Role =
  | { readonly is: 'primary'; readonly replicas: number }
  | { readonly is: 'replica'; readonly primaryPort: number; readonly isSynced: boolean }

/** Rejects when the server does not answer. */
export async function roleOf(server: RedisServer): Promise<Role> {
  const reply = await server.cli('ROLE')
  const [role, second, third, state] = Array.isArray(reply) ? reply : []
  if (role === 'master') return { is: 'primary', replicas: Array.isArray(third) ? third.length : 0 }
  if (role === 'slave') return { is: 'replica', primaryPort: Number(third), isSynced: state === 'connected' }
  throw new Error(`The server at ${server.url} is ${role} (${second}), and no primary or replica.`)
}

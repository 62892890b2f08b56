import type { RedisServer } from 'sojourn-servers'
import { type AclOptions, aclRule } from '../redis/acl.ts'
import type { Login } from '../redis/clients.test-support.ts'

const PASSWORD = 'a-password-of-the-tests'

/** A user on each of these servers who has the rights of an engine with a near cache, and no others. */
export async function grant(servers: readonly RedisServer[], features: AclOptions): Promise<Login> {
  const rule = aclRule({ ...features, nearCache: true })
    .split(' ')
    .concat(`>${PASSWORD}`)
  await Promise.all(servers.map((server) => server.cli(...rule)))
  return { username: 'sojourn', password: PASSWORD }
}

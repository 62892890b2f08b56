import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { type RedisServer, type ServerConfig, startRedis } from 'sojourn-servers'
import { type AclOptions, aclRule, doctorRule } from './acl.ts'
import type { Driver } from './driver.ts'

export const PASSWORD = 'a-password-of-the-tests'

/** A server with the application's user and doctor's, as the rules make them, and no default user. */
export function serverWithUsers(acl: AclOptions = {}, config: ServerConfig = {}): Promise<RedisServer> {
  const { user: _user, ...rest } = acl
  return startRedis({ config, users: ['default off', userLine(aclRule(acl)), userLine(doctorRule(rest))] })
}

/** A rule as a server's file has it. */
function userLine(rule: string): string {
  return `${rule.replace('ACL SETUSER ', '')} >${PASSWORD}`
}

/** Runs an ACL SETUSER line, and gives its user the password of the tests. */
export async function grant(server: RedisServer, rule: string): Promise<void> {
  await server.cli(...rule.split(' '), `>${PASSWORD}`)
}

/** A client of each driver; `close` ends it. */
export interface OpenDriver {
  readonly driver: Driver
  readonly send: (...args: readonly string[]) => Promise<unknown>
  readonly close: () => void
}

export async function ioredisAs(server: RedisServer, username?: string): Promise<OpenDriver> {
  const access = username === undefined ? {} : { username, password: PASSWORD }
  const driver = new Redis({
    ...{
      host: server.host,
      port: server.port,
      lazyConnect: true,
      enableReadyCheck: false,
      disableClientInfo: true,
    },
    ...access,
  })
  driver.on('error', () => undefined)
  await driver.connect()
  return {
    driver,
    send: (name = '', ...args) => driver.call(name, ...args),
    close: () => driver.disconnect(),
  }
}

export async function nodeRedisAs(server: RedisServer, username?: string): Promise<OpenDriver> {
  const access = username === undefined ? {} : { username, password: PASSWORD }
  const driver = createClient({
    socket: { host: server.host, port: server.port },
    disableClientInfo: true,
    ...access,
  })
  driver.on('error', () => undefined)
  await driver.connect()
  return { driver, send: (...args) => driver.sendCommand(args), close: () => driver.destroy() }
}

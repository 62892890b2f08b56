import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The Redis server that the tests use. Throws, saying what to do, when there is none. */
export function redisProgram(): string {
  const path = find('REDIS_SERVER_PATH', 'redis-server')
  if (path !== null) return path
  throw new Error(
    'These tests need Redis 7.0 or newer: install redis-server, or set REDIS_SERVER_PATH to one. `npm test` does it.',
  )
}

/** A Valkey server, where there is one: a second make of the same. Null otherwise. */
export function valkeyProgram(): string | null {
  return find('VALKEY_SERVER_PATH', 'valkey-server')
}

function find(variable: string, name: string): string | null {
  const { PATH = '', [variable]: chosen = '' } = process.env
  const paths = [chosen, ...PATH.split(delimiter).map((folder) => join(folder, name))]
  return paths.find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return path !== ''
  } catch {
    return false
  }
}

import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const DEBIAN_VERSIONS = '/usr/lib/postgresql'

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

/** The Postgres server that the tests use. Throws, saying what to do, when there is none. */
export function postgresProgram(): string {
  const path = find('POSTGRES_PATH', 'postgres') ?? newestOfDebian()
  if (path !== null) return path
  throw new Error(
    'These tests need Postgres 13 or newer: install it, or set POSTGRES_PATH to its postgres. `npm test` does it.',
  )
}

/** Debian installs each version into a folder of its own, and none of them is on `PATH`. */
function newestOfDebian(): string | null {
  const versions = existsSync(DEBIAN_VERSIONS) ? readdirSync(DEBIAN_VERSIONS) : []
  const paths = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_VERSIONS, version, 'bin/postgres'))
  return paths.find(isExecutable) ?? null
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

import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
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

/** The Chromium that the tests use. Throws, saying what to do, when there is none. */
export function chromiumProgram(): string {
  const path = find('CHROMIUM_PATH', ...CHROMIUM_NAMES)
  if (path !== null) return path
  throw new Error(
    `The browser tests need Chromium: set CHROMIUM_PATH, or put one of ${CHROMIUM_NAMES.join(', ')} on PATH.`,
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

function find(variable: string, ...names: readonly string[]): string | null {
  const { PATH = '', [variable]: chosen = '' } = process.env
  const folders = PATH.split(delimiter)
  const candidates = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [chosen, ...candidates].find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return path !== ''
  } catch {
    return false
  }
}

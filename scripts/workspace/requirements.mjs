import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './run.mjs'

/** The newest first. */
const POSTGRES_VERSIONS = [19, 18, 17, 16, 15, 14, 13]

/**
 * Programs that the tests need and npm does not bring. The tests find one by `variable`, which holds its
 * path; whoever sets it first chooses the program.
 */
export const REQUIREMENTS = [
  {
    name: 'chromium',
    reason: 'the browser tests',
    variable: 'CHROMIUM_PATH',
    commands: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'],
    places: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ],
    packages: {
      'apt-get': ['chromium', 'fonts-liberation'],
      dnf: ['chromium'],
      apk: ['chromium', 'ttf-liberation'],
      pacman: ['chromium', 'ttf-liberation'],
      brew: ['--cask', 'chromium'],
    },
    byHand: 'Install Chromium or Google Chrome, or set CHROMIUM_PATH to one.',
  },
  {
    name: 'redis-server',
    reason: 'the tests of the Redis engine',
    variable: 'REDIS_SERVER_PATH',
    commands: ['redis-server'],
    places: ['/opt/homebrew/bin/redis-server'],
    // Where systemd runs, Debian's package starts a server of its own on 6379. The tests start theirs on free
    // ports and never touch it.
    packages: {
      'apt-get': ['redis-server'],
      dnf: ['redis'],
      apk: ['redis'],
      pacman: ['redis'],
      brew: ['redis'],
    },
    byHand: 'Install Redis 7.0 or newer, or set REDIS_SERVER_PATH to its redis-server.',
  },
  {
    name: 'postgres',
    reason: 'the tests of the Postgres archive',
    variable: 'POSTGRES_PATH',
    commands: ['postgres'],
    // Debian keeps each version in a folder of its own, off PATH. Its package starts a server on 5432; the tests make
    // theirs in temporary folders, on free ports, and never touch that one.
    places: [
      ...POSTGRES_VERSIONS.map((version) => `/usr/lib/postgresql/${version}/bin/postgres`),
      '/opt/homebrew/opt/postgresql@17/bin/postgres',
    ],
    packages: {
      'apt-get': ['postgresql'],
      dnf: ['postgresql-server'],
      apk: ['postgresql'],
      pacman: ['postgresql'],
      brew: ['postgresql@17'],
    },
    byHand: 'Install Postgres 13 or newer, or set POSTGRES_PATH to its postgres.',
  },
]

/** Programs that are tested with where they are, and never installed: few systems have packages of them. */
export const OPTIONAL = [
  {
    name: 'valkey-server',
    reason: 'tests on Valkey',
    variable: 'VALKEY_SERVER_PATH',
    commands: ['valkey-server'],
    places: ['/opt/homebrew/bin/valkey-server'],
  },
]

/** System package managers: what to run before, and what to put before the package names. */
const MANAGERS = {
  'apt-get': { before: ['update'], install: ['install', '-y', '--no-install-recommends'] },
  dnf: { install: ['install', '-y'] },
  apk: { install: ['add', '--no-cache'] },
  pacman: { install: ['-Sy', '--noconfirm'] },
  brew: { install: ['install'], unprivileged: true },
}

/** Finds a program, or installs it with the system's package manager. `path` is null when neither worked. */
export async function ensureRequirement(requirement) {
  const found = await find(requirement)
  if (found !== null) return { ok: true, path: found }
  const attempt = await install(requirement)
  const path = await find(requirement)
  if (path !== null) return { ok: true, path }
  return { ok: false, path: null, output: `${attempt}\n${explain(requirement)}` }
}

/** Finds a program; null when it is not here. */
export async function find({ variable, commands, places }) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const onPath = commands.flatMap((command) => folders.map((folder) => join(folder, command)))
  for (const path of [process.env[variable], ...onPath, ...places]) {
    if (path && isExecutable(path) && (await run([path, '--version'])).ok) return path
  }
  return null
}

async function install({ packages }) {
  for (const [manager, { before, install, unprivileged }] of Object.entries(MANAGERS)) {
    if (packages[manager] === undefined || !(await run([manager, '--version'])).ok) continue
    const prefix = unprivileged ? [] : await privilege()
    if (prefix === null) return `${manager} needs root, and sudo asks for a password.`
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    if (before) await run([...prefix, manager, ...before], { env })
    return (await run([...prefix, manager, ...install, ...packages[manager]], { env })).output
  }
  return 'No package manager that this script knows is here.'
}

/** What to put before a command that needs root; null when it cannot be had without a password. */
async function privilege() {
  if (process.getuid?.() === 0) return []
  return (await run(['sudo', '-n', 'true'])).ok ? ['sudo', '-n'] : null
}

function explain({ name, reason, packages, byHand }) {
  const lines = Object.entries(packages).map(
    ([manager, names]) => `    ${[manager, ...MANAGERS[manager].install, ...names].join(' ')}`,
  )
  return [`${name} is missing; ${reason} need it. One of these installs it:`, ...lines, byHand].join('\n')
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

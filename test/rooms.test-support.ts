import type { Edge } from './import-graph.test-support.ts'

/** What a room may import besides itself: rooms or single files of ours, and packages by name. */
interface Room {
  readonly ours: readonly string[]
  readonly packages: readonly string[]
}

const PORT = ['core/port.ts', 'core/errors.ts']
const CORE_PACKAGES = [
  'node:async_hooks',
  'node:crypto',
  'node:diagnostics_channel',
  'node:events',
  'node:util',
  'msgpackr',
  '@standard-schema/spec',
]
const FILES = ['node:fs', 'node:fs/promises', 'node:path']

/** The table of CONTRIBUTING.md as data. `engines` is what lies directly in that folder, shared by engines. */
export const ROOMS: Readonly<Record<string, Room>> = {
  core: { ours: [], packages: CORE_PACKAGES },
  engines: { ours: PORT, packages: ['node:crypto'] },
  'engines/memory': { ours: [...PORT, 'engines'], packages: ['node:cluster'] },
  'engines/lmdb': { ours: [...PORT, 'engines'], packages: ['lmdb', 'node:crypto', 'node:process', ...FILES] },
  'engines/redis': {
    ours: [...PORT, 'engines', 'core/feed.ts', 'core/clock.ts', 'core/system-clock.ts'],
    packages: ['node:crypto', 'ioredis', 'iovalkey', 'redis'],
  },
  doctor: {
    ours: [...PORT, 'engines/redis'],
    packages: ['node:process', 'node:stream/consumers', 'node:util'],
  },
  'engines/layers': {
    ours: [...PORT, 'engines', 'core/clock.ts', 'core/system-clock.ts'],
    packages: ['lru-cache'],
  },
  testing: { ours: PORT, packages: ['fast-check', 'node:assert', 'node:crypto', 'node:util'] },
  'archive/postgres': {
    ours: [...PORT, 'core/archive.ts', 'core/json-form.ts', 'core/lifetime.ts'],
    packages: [],
  },
  http: { ours: ['core'], packages: ['node:crypto', 'node:http', 'node:util'] },
  adapters: {
    ours: ['http', 'core'],
    packages: [
      '@nestjs/common',
      '@nestjs/core',
      'elysia',
      'express',
      'fastify',
      'h3',
      'hono',
      'koa',
      'next/headers.js',
      'next/server.js',
      'node:http',
      'node:stream',
      'node:util',
      'react-router',
      'socket.io',
      'ws',
    ],
  },
  migrate: {
    ours: ['core', 'compat', 'http', 'engines/redis'],
    packages: ['iron-session', 'node:crypto', 'node:path', 'node:process', 'node:url', 'node:util'],
  },
  compat: { ours: ['core'], packages: ['node:async_hooks', 'node:crypto'] },
}

/** Their folders are rooms of their own. */
const HOUSES: readonly string[] = ['engines', 'archive']

/** `engines/lmdb` for `engines/lmdb/keys.ts`, `engines` for `engines/record-codec.ts`, else the first folder. */
export function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return HOUSES.includes(first) && !second.includes('.') ? `${first}/${second}` : first
}

/** Whether a file of ours or a package may be imported there. A room without a row may import nothing. */
export function isAllowed({ from, to }: Edge): boolean {
  const room = ROOMS[roomOf(from)]
  if (room === undefined) return false
  if (!to.endsWith('.ts')) return room.packages.includes(to)
  if (to.endsWith('.test.ts') || to.endsWith('.test-support.ts')) return false
  return [roomOf(from), ...room.ours].some((ours) => ours === to || ours === roomOf(to))
}

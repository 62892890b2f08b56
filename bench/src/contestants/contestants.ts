import { type Contestant, OPERATIONS, type Operation } from './contestant.ts'
import { expressMemory, memorystoreLru } from './memory-stores.ts'
import { RawAppend } from './raw-append.ts'
import { RawLmdb } from './raw-lmdb.ts'
import { sojournLmdb, sojournMemory } from './sojourn.ts'
import { sqlite } from './sqlite.ts'

interface Entry {
  /** What is in the tables. */
  readonly title: string
  /** Whether an acknowledged write survives a power cut. */
  readonly isDurable: boolean
  readonly operations: readonly Operation[]
  /** Opens it in a folder of its own. */
  open(folder: string): Contestant | Promise<Contestant>
}

const WRITES = ['update', 'create'] as const

/** All that is measured, in the order of the tables. */
export const CONTESTANTS = {
  'sojourn-lmdb': { title: 'sojourn on LMDB', isDurable: true, operations: OPERATIONS, open: sojournLmdb },
  'raw-lmdb': {
    title: 'raw lmdb',
    isDurable: true,
    operations: OPERATIONS,
    open: (folder) => new RawLmdb(folder),
  },
  'raw-append': {
    title: 'append + fdatasync',
    isDurable: true,
    operations: WRITES,
    open: (folder) => RawAppend.open(folder),
  },
  'sqlite-delete': {
    title: 'SQLite store, FULL, DELETE',
    isDurable: true,
    operations: OPERATIONS,
    open: (folder) => sqlite(folder, 'DELETE'),
  },
  'sqlite-wal': {
    title: 'SQLite store, FULL, WAL',
    isDurable: true,
    operations: OPERATIONS,
    open: (folder) => sqlite(folder, 'WAL'),
  },
  'sojourn-memory': {
    title: 'sojourn in memory',
    isDurable: false,
    operations: OPERATIONS,
    open: sojournMemory,
  },
  'express-memory': {
    title: 'MemoryStore',
    isDurable: false,
    operations: OPERATIONS,
    open: expressMemory,
  },
  memorystore: { title: 'memorystore', isDurable: false, operations: OPERATIONS, open: memorystoreLru },
} as const satisfies Record<string, Entry>

export type ContestantName = keyof typeof CONTESTANTS

export function isContestant(name: string): name is ContestantName {
  return Object.hasOwn(CONTESTANTS, name)
}

/** The names of all, in the order of the tables. */
export const CONTESTANT_NAMES: readonly ContestantName[] = Object.keys(CONTESTANTS).filter(isContestant)

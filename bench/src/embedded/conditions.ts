import { statfs } from 'node:fs/promises'
import { type Conditions, conditionsOf } from '../conditions.ts'

export interface EmbeddedConditions extends Conditions {
  /** The magic number that the file system has in statfs(2), such as ef53 for ext4. */
  readonly fileSystem: string
}

const MEASURED = [
  'lmdb',
  'msgpackr',
  'libsql',
  'better-sqlite3-session-store',
  'express-session',
  'memorystore',
]

export async function conditionsIn(folder: string): Promise<EmbeddedConditions> {
  return { ...conditionsOf(MEASURED), fileSystem: (await statfs(folder)).type.toString(16) }
}

import { NEVER } from '../../core/port.ts'
import type { PostgresArchive } from './postgres-archive.ts'
import { PostgresArchiver } from './postgres-archiver.ts'
import { checkOptions, type PostgresOptions } from './postgres-options.ts'

/**
 * An archive in Postgres or PGlite.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function postgres(options: PostgresOptions): PostgresArchive {
  const checked = checkOptions(options)
  const archiver = new PostgresArchiver(checked)
  const keepsLive = checked.liveTable !== null
  return {
    name: 'postgres',
    write: (batch) => archiver.write(batch),
    checkpoint: keepsLive ? (batch) => archiver.checkpoint(batch) : null,
    history: (query) => archiver.history(query),
    erase: (userId, until = NEVER) => archiver.erase(userId, until),
    migrate: () => archiver.migrate(),
    migrations: () => archiver.migrations(),
    retain: (retention) => archiver.retain(retention),
    checkpoints: keepsLive ? (query) => archiver.checkpoints(query) : null,
  }
}

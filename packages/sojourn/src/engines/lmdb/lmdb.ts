import type { Engine } from '../../core/port.ts'
import { openEnvironment } from './environment.ts'
import { Holder } from './holder.ts'
import { LmdbEngine } from './lmdb-engine.ts'
import { checkOptions, type LmdbOptions } from './lmdb-options.ts'

/**
 * An engine that keeps sessions in a directory of this host: durable, and shared by any number of its
 * processes. `docs/storage/lmdb.md` says what is written where.
 * @throws SessionError `INVALID_ARGUMENT` for a wrong option; `STORE_REFUSED` for a directory or file that is
 * damaged, not ours, or open to others; `STORE_FULL` without room on the disk
 */
export function lmdb(options: LmdbOptions): Promise<Engine> {
  const engine = openEngine(options)
  // Whoever was to await it may throw first: that must not end the process for the rejection left over.
  engine.catch(() => null)
  return engine
}

async function openEngine(options: LmdbOptions): Promise<Engine> {
  const checked = checkOptions(options)
  const environment = await openEnvironment(checked)
  return new LmdbEngine(checked, new Holder(checked, environment))
}

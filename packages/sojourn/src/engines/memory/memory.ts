import cluster from 'node:cluster'
import type { Engine } from '../../core/port.ts'
import { MemoryEngine } from './memory-engine.ts'
import { checkOptions, type MemoryOptions } from './memory-options.ts'

/**
 * An engine that keeps everything in this process and loses it at exit: for tests and single-process toys.
 * Bounded: when full, writes that need room reject with `STORE_FULL`, and reads go on.
 * @throws SessionError `INVALID_ARGUMENT` for a wrong option, or in a `node:cluster` worker.
 */
export function memory(options: MemoryOptions = {}): Engine {
  return new MemoryEngine(checkOptions(options, cluster.isWorker))
}

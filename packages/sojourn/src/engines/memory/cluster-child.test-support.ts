import cluster from 'node:cluster'
import { memory } from './memory.ts'
import type { MemoryOptions } from './memory-options.ts'

/*
 * A process that starts one `node:cluster` worker of itself and passes on what the worker tells: how each
 * way to make the engine went there.
 */
export interface Told {
  readonly inPrimary: readonly string[]
  readonly inWorker: readonly string[]
}

function attempt(options: MemoryOptions): string {
  try {
    return memory(options).traits.name
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : String(error)
  }
}

const attempts = [attempt({}), attempt({ allowCluster: true })]
if (cluster.isPrimary) {
  const worker = cluster.fork()
  worker.on('message', (inWorker) => process.send?.({ inPrimary: attempts, inWorker }))
} else {
  process.send?.(attempts, () => process.disconnect())
}

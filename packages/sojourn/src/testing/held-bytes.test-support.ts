import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

/** What the heap of this process holds when all that is garbage is gone. */
export function heldBytes(): number {
  if (typeof collect !== 'function') throw new Error('There is no garbage collector to call.')
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

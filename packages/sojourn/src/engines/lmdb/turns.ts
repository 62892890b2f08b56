/** The last use of each store in this process, by path. */
const last = new Map<string, Promise<unknown>>()

/**
 * Runs the uses of one store in this process that take LMDB's write lock, one after another. Opening takes it
 * on the event loop, and a write of another handle holds it while it waits for that loop: beside each other
 * they would wait for ever.
 */
export async function inTurn<T>(path: string, use: () => Promise<T>): Promise<T> {
  const before = last.get(path)
  const mine = before === undefined ? use() : before.then(use, use)
  last.set(path, mine)
  try {
    return await mine
  } finally {
    if (last.get(path) === mine) last.delete(path)
  }
}

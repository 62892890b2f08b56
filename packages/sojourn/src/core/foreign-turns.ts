import { SessionError } from './errors.ts'

const WAITING_LIMIT = 100

interface Line {
  /** Resolves when the next may begin. */
  free: Promise<void>
  /** How many stand in it. */
  length: number
  readonly working: Set<Promise<unknown>>
}

/**
 * Writes of one foreign id in one process begin one after the other, in the order in which they were asked for, so
 * that the data of an earlier call never lies over that of a later one.
 */
export class ForeignTurns {
  readonly #lines = new Map<string, Line>()

  /**
   * Runs `work` in its turn. It may call `leave` before it is done, to let the next begin.
   * @throws SessionError `OVERLOADED`
   */
  async take<T>(hash: string, work: (leave: () => void) => Promise<T>): Promise<T> {
    const line = this.#lineOf(hash)
    if (line.length >= WAITING_LIMIT) {
      throw new SessionError('OVERLOADED', `${WAITING_LIMIT} writes of one session are waiting.`)
    }
    const { promise, leave } = gate()
    const turn = line.free.then(() => work(leave))
    line.free = promise
    line.length += 1
    try {
      return await this.track(hash, turn)
    } finally {
      line.length -= 1
      leave()
    }
  }

  /** Has those that ask `settled` wait for this too. */
  async track<T>(hash: string, work: Promise<T>): Promise<T> {
    const line = this.#lineOf(hash)
    line.working.add(work)
    try {
      return await work
    } finally {
      line.working.delete(work)
      if (line.working.size === 0) this.#lines.delete(hash)
    }
  }

  /** Resolves when what was asked for until now is done, however it went: a read then sees it. */
  async settled(hash: string): Promise<void> {
    const line = this.#lines.get(hash)
    if (line !== undefined) await Promise.allSettled(line.working)
  }

  #lineOf(hash: string): Line {
    const line = this.#lines.get(hash) ?? { free: Promise.resolve(), length: 0, working: new Set() }
    this.#lines.set(hash, line)
    return line
  }
}

function gate(): { readonly promise: Promise<void>; readonly leave: () => void } {
  let leave = (): void => undefined
  const promise = new Promise<void>((resolve) => {
    leave = resolve
  })
  return { promise, leave: () => leave() }
}

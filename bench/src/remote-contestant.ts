import { join } from 'node:path'
import { Child } from './child.ts'
import type { Request } from './contestant-process.ts'
import type { ContestantName } from './contestants/contestants.ts'
import type { Sample, SliceOrder } from './slice.ts'

/** A contestant in its own process, seen from the process that measures. */
export class RemoteContestant {
  readonly name: ContestantName
  readonly #child: Child<Request, Sample>

  static async start(name: ContestantName, folder: string): Promise<RemoteContestant> {
    return new RemoteContestant(name, await Child.start(name, ['serve', name, join(folder, name)]))
  }

  constructor(name: ContestantName, child: Child<Request, Sample>) {
    this.name = name
    this.#child = child
  }

  async fill(count: number): Promise<void> {
    await this.#child.ask({ fill: count })
  }

  run(slice: SliceOrder): Promise<Sample> {
    return this.#child.get({ slice })
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer, Request } from './contestant-process.ts'
import type { ContestantName } from './contestants/contestants.ts'
import type { Sample, SliceOrder } from './slice.ts'

/** A contestant in its own process, seen from the process that measures. */
export class RemoteContestant {
  readonly name: ContestantName
  readonly #child: ChildProcess

  static async start(name: ContestantName, folder: string): Promise<RemoteContestant> {
    const child = fork(process.argv[1] ?? '', ['serve', name, join(folder, name)])
    const remote = new RemoteContestant(name, child)
    await remote.#answer()
    return remote
  }

  constructor(name: ContestantName, child: ChildProcess) {
    this.name = name
    this.#child = child
  }

  async fill(count: number): Promise<void> {
    await this.#ask({ fill: count })
  }

  async run(slice: SliceOrder): Promise<Sample> {
    const sample = await this.#ask({ slice })
    if (sample === null) throw new Error(`${this.name} answered nothing.`)
    return sample
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }

  #ask(request: Request): Promise<Sample | null> {
    this.#child.send(request)
    return this.#answer()
  }

  async #answer(): Promise<Sample | null> {
    const answered = new AbortController()
    const { signal } = answered
    const exited = once(this.#child, 'exit', { signal }).then(() => null)
    const message = once(this.#child, 'message', { signal })
    const [answer]: Answer[] = (await Promise.race([message, exited])) ?? []
    exited.catch(() => undefined)
    message.catch(() => undefined)
    answered.abort()
    if (answer === undefined) throw new Error(`${this.name} ended before it answered.`)
    if ('error' in answer) throw new Error(`${this.name}: ${answer.error}`)
    return answer.sample
  }
}

import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { pack } from 'msgpackr'
import { payloadOf } from '../payload.ts'
import type { Contestant } from './contestant.ts'

/**
 * The least that a durable write can cost: an append to one file, and its own fdatasync. Nothing is shared
 * between two writes, and nothing can be read.
 */
export class RawAppend implements Contestant {
  readonly #file: FileHandle
  #created = 0

  static async open(folder: string): Promise<RawAppend> {
    return new RawAppend(await open(join(folder, 'appended'), 'a', 0o600))
  }

  constructor(file: FileHandle) {
    this.#file = file
  }

  async fill(): Promise<void> {}

  read(): Promise<void> {
    return Promise.reject(new Error('Nothing can be read.'))
  }

  async update(index: number): Promise<void> {
    await this.#file.write(pack(payloadOf(index)))
    await this.#file.datasync()
  }

  create(): Promise<void> {
    this.#created += 1
    return this.update(this.#created)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

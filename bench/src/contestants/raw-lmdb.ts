import { hash, timingSafeEqual } from 'node:crypto'
import { open, type RootDatabase } from 'lmdb'
import { pack, unpack } from 'msgpackr'
import { change, type Payload, payloadOf } from '../payload.ts'
import type { Contestant } from './contestant.ts'

const SECRET = 'a-secret-of-thirty-two-character'
const DIGEST = hash('sha256', SECRET, 'buffer')

/**
 * What lmdb itself costs: a get, the hash of a secret and a MessagePack decode for a read; a put that is
 * awaited until it is flushed for a write. No versions, no users, no deadlines.
 */
export class RawLmdb implements Contestant {
  readonly #root: RootDatabase<Buffer, string>
  #created = 0

  constructor(folder: string) {
    this.#root = open<Buffer, string>(folder, { encoding: 'binary' })
  }

  async fill(count: number): Promise<void> {
    while (this.#created < count) this.#put(this.#created++)
    await this.#root.flushed
  }

  async read(index: number): Promise<void> {
    if (this.#get(index).theme !== 'dark') throw new Error('The session was not read.')
  }

  async update(index: number): Promise<void> {
    const payload = this.#get(index)
    change(payload)
    this.#put(index, payload)
    await this.#root.flushed
  }

  async create(): Promise<void> {
    this.#put(this.#created++)
    await this.#root.flushed
  }

  close(): Promise<void> {
    return this.#root.close()
  }

  #get(index: number): Payload {
    const bytes = this.#root.getBinary(keyOf(index))
    if (!bytes || !timingSafeEqual(hash('sha256', SECRET, 'buffer'), bytes.subarray(0, DIGEST.byteLength))) {
      throw new Error('The session was not found.')
    }
    return unpack(bytes.subarray(DIGEST.byteLength))
  }

  /** The promise is left alone: the caller awaits the flush of everything. */
  #put(index: number, payload = payloadOf(index)): void {
    this.#root.put(keyOf(index), Buffer.concat([DIGEST, pack(payload)])).catch(() => undefined)
  }
}

function keyOf(index: number): string {
  return `session-${String(index).padStart(12, '0')}`
}

import type { SessionId } from '../../core/port.ts'
import { isId } from './keys.ts'

const ID_LENGTH = 16

/** What is heard on a tracking connection, by the names of keys. */
export class TrackedKeys {
  /** What the keys of all sessions begin with; nothing else of ours does. */
  readonly sessions: string
  /** What the keys of this listener's own beats begin with. */
  readonly beats: string
  readonly #recordLength: number

  constructor(prefix: string, listener: string) {
    this.sessions = `${prefix}:{`
    this.beats = `${beatPrefix(prefix)}${listener}:`
    this.#recordLength = `${prefix}:{Ab}:s:`.length + ID_LENGTH
  }

  /** A key that nobody has written before, in the slot of this bucket. */
  beat(count: number, bucket: string): string {
    return `${this.beats}${count}:{${bucket}}`
  }

  isBeat(key: string): boolean {
    return key.startsWith(this.beats)
  }

  /** The session of a record's key; null for an index, a list, or somebody else's key. */
  idOf(key: string): SessionId | null {
    if (key.length !== this.#recordLength) return null
    const id = key.slice(-ID_LENGTH)
    return isId(id) && key.startsWith(this.sessions) ? id : null
  }
}

/** The keys that every near cache of a store writes, as an ACL rule names them. */
export function beatPattern(prefix: string): string {
  return `${beatPrefix(prefix)}*`
}

/** Apart from all keys of all stores, whatever their prefixes: none has a slash. */
function beatPrefix(prefix: string): string {
  return `${prefix}/near:`
}

import { isUnreadable } from '../../core/errors.ts'
import type { SessionId, SessionRecord } from '../../core/port.ts'
import { chunksOf } from '../chunks-of.ts'
import type { Reply } from './client.ts'
import { failureOf, isSilence, refusalOf } from './failures.ts'
import type { Passenger } from './flight.ts'
import { byBucket, isId, type Keys } from './keys.ts'
import { bytesOf } from './replies.ts'
import { recordOf } from './stored.ts'

/** A record that somebody waits for. */
export interface Read {
  readonly id: SessionId
  /** Whether it shares no command with others. */
  readonly isAlone: boolean
  readonly resolve: (bytes: Buffer | null) => void
  readonly reject: (error: unknown) => void
}

/** So that one reply holds up neither the server nor this process for long. */
const KEYS_AT_ONCE = 256
/** What a server says to a command of which it has some keys, but not all. */
const IN_TWO_PLACES: readonly (string | null)[] = ['TRYAGAIN', 'ASK']

/**
 * The records of some ids, in order; null where absent. One promise for all, because this is on the way of
 * every request. A read changes nothing: one whose connection failed is sent once more. So is one of many in a
 * slot that is moving, of which some records are here and some there: alone, it is found wherever it is.
 */
export function readRecords(
  ids: readonly SessionId[],
  send: (read: Read) => void,
): Promise<(SessionRecord | null)[]> {
  return new Promise((resolve, reject) => {
    const records: (SessionRecord | null)[] = ids.map(() => null)
    let open = ids.length
    const close = (): void => {
      open -= 1
      if (open === 0) resolve(records)
    }
    if (open === 0) resolve(records)
    for (const [index, id] of ids.entries()) {
      if (!isId(id)) {
        close()
        continue
      }
      const take = (bytes: Buffer | null): void => {
        try {
          records[index] = bytes && recordOf(id, bytes)
          close()
        } catch (error) {
          reject(error)
        }
      }
      const fail = (error: unknown): void => reject(failureOf(error, 'ENGINE_UNAVAILABLE'))
      const again = (error: unknown): void => {
        const isAlone = IN_TWO_PLACES.includes(refusalOf(error))
        if (isAlone || isSilence(error)) send({ id, isAlone, resolve: take, reject: fail })
        else fail(error)
      }
      send({ id, isAlone: false, resolve: take, reject: again })
    }
  })
}

/** Those of the records that are there and can be read: a damaged one hides no other. */
export async function readableOf(
  ids: readonly SessionId[],
  send: (read: Read) => void,
): Promise<SessionRecord[]> {
  const reads = ids.map((id) => readRecords([id], send).catch(noneIfUnreadable))
  return (await Promise.all(reads)).flat().filter((record) => record !== null)
}

function noneIfUnreadable(error: unknown): SessionRecord[] {
  if (isUnreadable(error)) return []
  throw error
}

/**
 * The reads of one turn as few commands: one MGET, in a cluster one for each bucket, a GET for one alone. The
 * failure of a command reaches those that it was for, and nobody else.
 */
export function readCommands(reads: readonly Read[], keys: Keys, isCluster: boolean): Passenger[] {
  const groups = isCluster ? groupsOf(reads) : [reads]
  return groups.flatMap((group) => chunksOf(group, KEYS_AT_ONCE).map((chunk) => commandFor(chunk, keys)))
}

function commandFor(reads: readonly Read[], keys: Keys): Passenger {
  const names = reads.map(({ id }) => keys.record(id))
  const [key = ''] = names
  const isAlone = reads.length === 1
  return {
    key,
    args: [isAlone ? 'GET' : 'MGET', ...names],
    resolve: (reply) => deliver(reads, isAlone ? [reply] : reply),
    reject: (error) => {
      for (const { reject } of reads) reject(error)
    },
  }
}

function deliver(reads: readonly Read[], reply: Reply): void {
  const values: readonly Reply[] = Array.isArray(reply) ? reply : []
  for (const [index, { resolve, reject }] of reads.entries()) {
    try {
      resolve(bytesOf(values[index]))
    } catch (error) {
      reject(error)
    }
  }
}

function groupsOf(reads: readonly Read[]): Read[][] {
  const alone = reads.filter(({ isAlone }) => isAlone).map((read) => [read])
  const others = alone.length === 0 ? reads : reads.filter(({ isAlone }) => !isAlone)
  return [...alone, ...byBucket(others, ({ id }) => id)]
}

import type { Background } from './background.ts'
import type { Binding } from './binding.ts'
import { bucketOf } from './bucket.ts'
import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { DataCodec, Decoded, Head } from './data-codec.ts'
import type { Events } from './events.ts'
import type { FeedLink } from './feed-link.ts'
import type { Engine, SessionId, SessionRecord, UserKey } from './port.ts'
import type { PerUser, Policy } from './presets.ts'
import type { Records } from './records.ts'
import type { Session, SessionInfo } from './session.ts'
import { InfoSnapshot, SessionSnapshot } from './snapshot.ts'

/** What the verbs of a store share. */
export interface StoreContext<Data> {
  readonly name: string
  readonly engine: Engine
  readonly clock: Clock
  readonly policy: Policy
  readonly perUser: PerUser | null
  readonly bucketKey: Uint8Array | null
  readonly initial: () => Data
  readonly records: Records
  readonly codec: DataCodec<Data>
  readonly events: Events
  /** Null where other processes are told nothing. */
  readonly feed: FeedLink | null
  readonly counters: Counters
  readonly background: Background
  /** Tells that a session's data changed, where checkpoints are kept. */
  readonly noteChange: (id: SessionId) => void
}

/** A user as engines find one. */
export function userKeyOf(context: Pick<StoreContext<unknown>, 'bucketKey'>, userId: string): UserKey {
  return { userId, bucket: bucketOf(userId, context.bucketKey) }
}

/** The session that a record holds. */
export async function sessionOf<Data>(
  context: StoreContext<Data>,
  record: SessionRecord,
  superseded = false,
): Promise<Session<Data>> {
  return snapshotOf(record, await context.codec.read(record), superseded)
}

/** The session that a record holds, of which the data is at hand. */
export function snapshotOf<Data>(
  record: SessionRecord,
  decoded: Decoded<Data>,
  superseded = false,
): Session<Data> {
  return Object.freeze(new SessionSnapshot(record, decoded, superseded))
}

/** What a list tells of a record. One whose data is damaged is listed too: its user must be able to end it. */
export function infoOf<Data>(context: StoreContext<Data>, record: SessionRecord): SessionInfo {
  return Object.freeze(new InfoSnapshot(record, headOf(context, record)))
}

function headOf<Data>(context: StoreContext<Data>, record: SessionRecord): Head {
  try {
    return context.codec.head(record.data)
  } catch {
    return { device: null, assurance: null }
  }
}

/** What a record's sealed bytes are bound to. */
export function bindingOf(context: { readonly name: string }, record: SessionRecord): Binding {
  const { id, userId, createdAt } = record
  return { storeName: context.name, format: 0, keyId: '', id, userId, createdAt }
}

/** The fields of an event about a session. */
export function eventOf(
  context: { readonly clock: Clock },
  session: { readonly id: SessionId; readonly userId: string | null },
) {
  return { at: context.clock.now(), id: session.id, userId: session.userId }
}

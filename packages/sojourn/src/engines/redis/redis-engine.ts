import { SessionError } from '../../core/errors.ts'
import type {
  Created,
  DueRecord,
  EndReason,
  Engine,
  EngineTraits,
  Instant,
  Page,
  Replaced,
  SessionId,
  SessionRecord,
  UserKey,
  UserLimit,
} from '../../core/port.ts'
import { pageSize } from '../pages.ts'
import { assertEnd, assertInstant, assertNewer, assertUserId, CEILING } from '../record-check.ts'
import { BucketWalk } from './bucket-walk.ts'
import type { RedisClient } from './client.ts'
import { ConfirmedFlight } from './confirmed-flight.ts'
import { DueList } from './due-list.ts'
import { Flight } from './flight.ts'
import { isBucket, isId, Keys } from './keys.ts'
import { readableOf, readRecords } from './reads.ts'
import type { CheckedOptions, Durability } from './redis-options.ts'
import { ScriptRunner, type Sender } from './script-runner.ts'
import { ServerWalk } from './server-walk.ts'
import { keptFor, Verbs } from './verbs.ts'

/** The port on a server that speaks Redis. `docs/storage/redis.md` says what each method sends. */
export class RedisEngine implements Engine {
  readonly traits: EngineTraits
  readonly #client: RedisClient
  readonly #ownsClient: boolean
  readonly #flight: Flight
  readonly #verbs: Verbs
  readonly #due: DueList | null
  readonly #walk: BucketWalk | ServerWalk
  readonly #confirmed: ConfirmedFlight[] = []
  readonly #onDone = (): void => this.#done()
  #begun = 0
  #onIdle: (() => void) | null = null
  #isClosed = false

  constructor(client: RedisClient, options: CheckedOptions, ownsClient: boolean) {
    const keys = new Keys(options.prefix)
    const runner = new ScriptRunner(client, options.code)
    this.traits = {
      name: 'redis',
      survives: options.durability === 'fsync' ? 'power-loss' : 'process-crash',
      sharedBy: 'network',
      keepsDue: options.due,
      checksCutOff: 'on-write',
      staleMs: 0,
    }
    this.#client = client
    this.#ownsClient = ownsClient
    this.#flight = new Flight(client, keys)
    const writes = this.#senderFor(options.durability, options)
    const isSame = options.security === options.durability
    const security = isSame ? writes : this.#senderFor(options.security, options)
    this.#verbs = new Verbs(keys, runner, options, { plain: this.#flight, writes, security })
    const calls = { runner, sender: this.#flight, keep: keptFor(options) }
    this.#due = options.due ? new DueList(client, keys, calls) : null
    const Walk = client.isCluster ? BucketWalk : ServerWalk
    this.#walk = new Walk(keys, runner, this.#flight)
  }

  read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    if (this.#isClosed) return Promise.reject(new SessionError('STORE_CLOSED'))
    return this.#begin(readRecords(ids, (read) => this.#flight.read(read)))
  }

  async create(record: SessionRecord, limit: UserLimit | null, now: Instant): Promise<Created> {
    this.#assertOpen()
    assertInstant(now, 'now')
    return await this.#begin(this.#verbs.create(record, limit ?? CEILING, now))
  }

  async replace(record: SessionRecord, expectedVersion: number, now: Instant): Promise<Replaced> {
    this.#assertOpen()
    assertInstant(now, 'now')
    assertNewer(record, expectedVersion)
    return await this.#begin(this.#verbs.replace(record, expectedVersion, now))
  }

  async touch(id: SessionId, seenAt: Instant, expiresAt: Instant): Promise<boolean> {
    this.#assertOpen()
    assertInstant(seenAt, 'seenAt')
    assertInstant(expiresAt, 'expiresAt')
    return isId(id) && this.#begin(this.#verbs.touch(id, seenAt, expiresAt))
  }

  async end(id: SessionId, reason: EndReason, at: Instant): Promise<boolean> {
    this.#assertOpen()
    assertEnd(reason, at)
    return isId(id) && this.#begin(this.#verbs.end(id, { reason, at }))
  }

  async list(user: UserKey, now: Instant): Promise<SessionRecord[]> {
    this.#assertOpen()
    assertUser(user)
    assertInstant(now, 'now')
    return await this.#begin(this.#verbs.list(user, now))
  }

  async endUser(
    user: UserKey,
    reason: EndReason,
    at: Instant,
    except: SessionId | null,
  ): Promise<SessionId[]> {
    this.#assertOpen()
    assertUser(user)
    assertEnd(reason, at)
    return await this.#begin(this.#verbs.endUser(user, { reason, at }, except))
  }

  async due(now: Instant, limit: number): Promise<DueRecord[]> {
    this.#assertOpen()
    assertInstant(now, 'now')
    return this.#due === null ? [] : this.#begin(this.#due.lease(now, limit))
  }

  async settle(ids: readonly SessionId[], keepUntil: Instant | null): Promise<void> {
    this.#assertOpen()
    if (keepUntil !== null) assertInstant(keepUntil, 'keepUntil')
    await this.#begin(this.#verbs.settle(ids.filter(isId), keepUntil))
  }

  async scan(after: string | null, limit: number): Promise<Page> {
    this.#assertOpen()
    return await this.#begin(this.#page(after, pageSize(limit)))
  }

  /** The application's own client stays open. */
  async close(): Promise<void> {
    this.#assertOpen()
    this.#isClosed = true
    await this.#idle()
    for (const confirmed of this.#confirmed) confirmed.close()
    if (this.#ownsClient) await this.#client.close()
  }

  async #page(after: string | null, size: number): Promise<Page> {
    const { ids, next } = await this.#walk.page(after, size)
    return { records: await readableOf(ids, (read) => this.#flight.read(read)), next }
  }

  #senderFor(kind: Durability, { replicas, confirmWithin }: CheckedOptions): Sender {
    if (kind === 'acknowledged') return this.#flight
    const confirmed = new ConfirmedFlight(this.#client, { kind, replicas, within: confirmWithin })
    this.#confirmed.push(confirmed)
    return confirmed
  }

  /** `close` waits for it. */
  #begin<T>(work: Promise<T>): Promise<T> {
    this.#begun += 1
    work.then(this.#onDone, this.#onDone)
    return work
  }

  #done(): void {
    this.#begun -= 1
    if (this.#begun === 0) this.#onIdle?.()
  }

  async #idle(): Promise<void> {
    if (this.#begun === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SessionError('STORE_CLOSED')
  }
}

/** What is no bucket must not become part of a key. */
function assertUser({ userId, bucket }: UserKey): void {
  assertUserId(userId)
  if (!isBucket(bucket)) throw new SessionError('INVALID_ARGUMENT', 'The bucket of a user is not valid.')
}

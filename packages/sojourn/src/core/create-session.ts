import { resolveStored } from './address.ts'
import { bucketOf, randomBucket } from './bucket.ts'
import { carryLate, firstData } from './carry.ts'
import { eventOf, type StoreContext, snapshotOf, userKeyOf } from './context.ts'
import { endRecord } from './ending.ts'
import { SessionError } from './errors.ts'
import { expiryOf, parseDuration } from './lifetime.ts'
import type { CreateOptions } from './options.ts'
import type { SessionRecord, UserLimit } from './port.ts'
import type { Device, Issued } from './session.ts'
import { digestOf, mintToken } from './token.ts'
import type { UpdateQueue } from './update-queue.ts'
import { checkUserId } from './user-id.ts'

/** A stored id that a fresh one meets by chance is one in 2^84; more than this is a broken generator (T10). */
const ID_ATTEMPTS = 3
const LABEL_LENGTH = 64
const USER_AGENT_LENGTH = 256
const ASSURANCE_LENGTH = 64

/**
 * Creates a session. With `replaces` it is a log-in: the new session is stored first, then the old one ends,
 * so that a crash in between leaves one or the other and never an old id that is logged in (SECURITY T38).
 */
export async function createSession<Data>(
  context: StoreContext<Data>,
  updates: UpdateQueue<Data>,
  options: CreateOptions<Data>,
): Promise<Issued<Data>> {
  const old = options.replaces === undefined ? null : await resolveStored(context, options.replaces)
  const data = await firstData(context, options, old)
  const head = { device: deviceOf(options.device), assurance: assuranceOf(options.assurance) }
  const written = await context.codec.write(data, head)
  const draft = draftRecord(context, options, written.bytes)
  const { record, secret } = await store(context, draft, limitOf(context, old))
  if (old !== null) await endReplaced(context, old, record)
  context.events.emit('created', eventOf(context, record))
  const late = old && (await carryLate(context, updates, options, { old, record }))
  return { token: record.id + secret, session: late ?? snapshotOf(record, written) }
}

/** Tries twice, because then most failures leave a log-in that is done, and not one that nobody holds. */
async function endReplaced<Data>(
  context: StoreContext<Data>,
  old: SessionRecord,
  record: SessionRecord,
): Promise<void> {
  try {
    await endRecord(context, old, 'replaced').catch(() => endRecord(context, old, 'replaced'))
  } catch (error) {
    discard(context, record)
    throw error
  }
}

/** A session whose token reaches nobody must not stay behind, logged in and counted. */
function discard<Data>(context: StoreContext<Data>, record: SessionRecord): void {
  context.background.once(`end ${record.id}`, () => endRecord(context, record, 'revoked'))
}

export type Draft = Omit<SessionRecord, 'id' | 'digest'>

/** A new session that has no token yet. */
export function draftRecord<Data>(
  context: StoreContext<Data>,
  options: Pick<CreateOptions<Data>, 'userId' | 'absolute'>,
  data: Uint8Array,
): Draft {
  const now = context.clock.now()
  const { idle, absolute } = context.policy.lifetime
  const own = options.absolute === undefined ? absolute : parseDuration(options.absolute, 'absolute')
  const absoluteAt = now + Math.min(own, absolute)
  const userId = options.userId === undefined ? null : checkUserId(options.userId)
  return {
    userId,
    version: 1,
    createdAt: now,
    seenAt: now,
    expiresAt: expiryOf(now, idle, absoluteAt),
    absoluteAt,
    authenticatedAt: userId === null ? null : now,
    previous: null,
    retired: [],
    ended: null,
    data,
  }
}

async function store<Data>(
  context: StoreContext<Data>,
  draft: Draft,
  limit: UserLimit | null,
): Promise<{ readonly record: SessionRecord; readonly secret: string }> {
  const bucket = bucketFor(context, draft.userId)
  await context.records.ready()
  for (let attempt = 0; attempt < ID_ATTEMPTS; attempt += 1) {
    const parts = mintToken(bucket)
    const record = { ...draft, id: parts.id, digest: digestOf(parts.secret) }
    const isStored = await storeRecord(context, record, limit).catch((error: unknown) => {
      // A write whose outcome is unknown may have been done.
      if (error instanceof SessionError && error.code === 'OUTCOME_UNKNOWN') discard(context, record)
      throw error
    })
    if (isStored) return { record, secret: parts.secret }
  }
  throw new SessionError('ENGINE_UNAVAILABLE', `${ID_ATTEMPTS} fresh ids were taken.`)
}

/** The bucket that sessions of a user begin with. */
export function bucketFor(context: Pick<StoreContext<unknown>, 'bucketKey'>, userId: string | null): string {
  return userId === null ? randomBucket() : bucketOf(userId, context.bucketKey)
}

/**
 * Stores a new session's record and holds the user's limit; false when its id is taken.
 * @throws SessionError `USER_LIMIT_REACHED`
 */
export async function storeRecord<Data>(
  context: StoreContext<Data>,
  record: SessionRecord,
  limit: UserLimit | null,
): Promise<boolean> {
  const { id, userId } = record
  let created = await context.engine.create(record, limit, record.createdAt)
  for (let left = ID_ATTEMPTS; created.outcome === 'full'; left -= 1) {
    if (left === 0 || !(await endCutOff(context, userId ?? ''))) throw limitReached(context, userId ?? '')
    created = await context.engine.create(record, limit, record.createdAt)
  }
  if (created.outcome !== 'done') return false
  context.noteChange(id)
  for (const id of created.ended) {
    context.events.emit('ended', { ...eventOf(context, { id, userId }), reason: 'limit' })
  }
  return true
}

/** The engine counts what `revokeAll` has cut off as live: ends it, and says whether there was any. */
async function endCutOff<Data>(context: StoreContext<Data>, userId: string): Promise<boolean> {
  await context.records.refresh()
  const records = await context.engine.list(userKeyOf(context, userId), context.clock.now())
  const dead = records.filter((record) => context.records.isCutOff(record))
  await Promise.all(dead.map((record) => endRecord(context, record, 'revoked')))
  return dead.length > 0
}

/** The user's limit, in which the session that is replaced has no part. */
export function limitOf<Data>(
  context: StoreContext<Data>,
  old: Pick<SessionRecord, 'id'> | null,
): UserLimit | null {
  return context.perUser === null ? null : { ...context.perUser, replaces: old?.id ?? null }
}

function limitReached<Data>(context: StoreContext<Data>, userId: string): SessionError {
  context.events.emit('limitReached', { at: context.clock.now(), userId })
  return new SessionError('USER_LIMIT_REACHED', `The limit is ${context.perUser?.max ?? 'the ceiling'}.`)
}

function deviceOf(device: Device | undefined): Device | null {
  if (device === undefined) return null
  const { label, userAgent } = device
  return {
    ...(label === undefined ? {} : { label: clipped(label, LABEL_LENGTH) }),
    ...(userAgent === undefined ? {} : { userAgent: clipped(userAgent, USER_AGENT_LENGTH) }),
  }
}

/** Cutting can halve a character, and halves do not survive UTF-8. */
function clipped(text: string, length: number): string {
  return String(text).slice(0, length).toWellFormed()
}

export function assuranceOf(assurance: string | undefined): string | null {
  if (assurance === undefined) return null
  if (typeof assurance === 'string' && assurance.length <= ASSURANCE_LENGTH && assurance.isWellFormed()) {
    return assurance
  }
  throw new SessionError(
    'INVALID_ARGUMENT',
    `assurance must be text of at most ${ASSURANCE_LENGTH} characters.`,
  )
}

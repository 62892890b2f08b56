import { Archiver } from './archiver.ts'
import { Background } from './background.ts'
import type { Clock } from './clock.ts'
import type { StoreContext } from './context.ts'
import { Counters } from './counters.ts'
import { DataCodec } from './data-codec.ts'
import { type Patience, within } from './deadline.ts'
import { ENVELOPE_CEILING_BYTES } from './envelope.ts'
import { redacted, SessionError } from './errors.ts'
import { Events } from './events.ts'
import { checkFeed, FeedLink } from './feed-link.ts'
import { GuardedEngine } from './guard.ts'
import { keyBytes } from './keys.ts'
import { parseDuration } from './lifetime.ts'
import type { StoreOptions } from './options.ts'
import { type Engine, type EngineTraits, type Milliseconds, USER_CEILING } from './port.ts'
import { type PerUser, type Policy, policyOf } from './presets.ts'
import { Records } from './records.ts'
import type { SessionData } from './session.ts'
import { SessionStore } from './session-store.ts'
import { StoreRecord } from './store-record.ts'
import { systemClock } from './system-clock.ts'

const MAX_DATA_BYTES = 32 * 1_024
/** Longer than one operation may take: a large store on a slow disk opens slowly. */
const OPENING_MS: Milliseconds = 30_000
const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof StoreOptions<unknown>>([
  'engine',
  'name',
  'lifetime',
  'schema',
  'version',
  'upgrade',
  'initial',
  'perUser',
  'maxDataBytes',
  'format',
  'bucketKey',
  'feed',
  'timeout',
  'atEnd',
  'lazy',
  'sweep',
  'clock',
])

/**
 * Opens a session store.
 * @throws SessionError `INVALID_ARGUMENT` for options that contradict each other; `STORE_REFUSED` for a store
 * that was made with another bucket key or under another name; `ENGINE_UNAVAILABLE` when the engine does not answer and `lazy` is
 * not set
 */
export async function createSessionStore<Data = SessionData>(
  options: StoreOptions<Data>,
): Promise<SessionStore<Data>> {
  const clock = options.clock ?? systemClock
  const timeout = parseDuration(options.timeout ?? '1s', 'timeout')
  const checked = checkedOptions(options, { clock, timeout }, () => about.archives)
  const counters = new Counters()
  const events = new Events(counters)
  const opened = await engineOf(options.engine, clock)
  assertFreshEnough(opened.traits, checked.policy)
  const engine = new GuardedEngine(opened, clock, timeout)
  const about = new StoreRecord(engine, checked)
  const context: StoreContext<Data> = {
    ...checked,
    engine,
    clock,
    records: new Records(engine, clock, about),
    counters,
    events,
    feed: checked.feed && new FeedLink({ clock, counters, events }, checked.feed),
    background: new Background(counters),
    noteChange: (id) => archiver?.checkpoints?.note(id),
  }
  const archiver = checked.archive && new Archiver(context, checked.archive)
  if (options.lazy !== true) await context.records.ready()
  const store = new SessionStore(context, { about, archiver, sweep: options.sweep !== false })
  const listening = context.feed?.listen(timeout)
  if (options.lazy !== true) await listening
  return store
}

/** An engine that never opens must not keep the application from starting with an error (SECURITY T86). */
async function engineOf(engine: Engine | Promise<Engine>, clock: Clock): Promise<Engine> {
  const late = () => new SessionError('ENGINE_UNAVAILABLE', `It did not open within ${OPENING_MS} ms.`)
  try {
    return await within(Promise.resolve(engine), { clock, timeout: OPENING_MS }, late)
  } catch (error) {
    throw notOpened(error)
  }
}

function notOpened(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError('ENGINE_UNAVAILABLE', 'It did not open.', { cause: redacted(error) })
}

/** Where a log-out must be seen everywhere at once, no read may come from a near cache (SECURITY T60). */
function assertFreshEnough({ name, staleMs }: EngineTraits, policy: Policy): void {
  if (staleMs === 0 || policy.staleReads) return
  throw invalid(`${policy.name} allows no engine that reads what may be ${staleMs} ms old, such as ${name}`)
}

/** Whether the store archives is known only when it is open. */
function checkedOptions<Data>(options: StoreOptions<Data>, patience: Patience, forArchive: () => boolean) {
  const unknown = Object.keys(options).find((option) => !KNOWN_OPTIONS.has(option))
  if (unknown !== undefined) throw invalid(`there is no option ${JSON.stringify(unknown)}`)
  const policy = policyOf(options.lifetime ?? 'web')
  return {
    name: nameOf(options.name ?? 'sojourn'),
    policy,
    perUser: perUserOf(options.perUser, policy.perUser),
    bucketKey: 'bucketKey' in options ? keyBytes(options.bucketKey, 'bucketKey') : null,
    initial: options.initial ?? emptyData,
    feed: checkFeed(options.feed),
    codec: codecOf(options, patience, forArchive),
    ...endOf(options.atEnd),
  }
}

/** A process that does not archive does as the others of its store do, unless it stops that. */
function endOf<Data>(atEnd: StoreOptions<Data>['atEnd']) {
  if (atEnd === undefined || atEnd === 'discard') return { archive: null, archives: null }
  if (atEnd === 'stopArchiving') return { archive: null, archives: false }
  if (typeof atEnd?.destination?.write !== 'function') {
    throw invalid("atEnd must be 'discard', 'stopArchiving' or archiveTo(…)")
  }
  return { archive: atEnd, archives: true }
}

function codecOf<Data>(
  options: StoreOptions<Data>,
  patience: Patience,
  forArchive: () => boolean,
): DataCodec<Data> {
  const format = options.format ?? 'messagepack'
  if (format !== 'messagepack' && format !== 'json') throw invalid('format must be messagepack or json')
  const { schema = null } = options
  if (typeof schema?.['~standard']?.validate !== 'function' && schema !== null) {
    throw invalid('schema must be a Standard Schema, such as one of zod 4, valibot 1 or arktype 2')
  }
  return new DataCodec({
    ...patience,
    schema,
    version: whole(options.version ?? 1, 'version', 2 ** 31),
    upgrade: options.upgrade ?? null,
    maxDataBytes: whole(options.maxDataBytes ?? MAX_DATA_BYTES, 'maxDataBytes', ENVELOPE_CEILING_BYTES),
    format,
    forArchive,
  })
}

function perUserOf(option: StoreOptions<unknown>['perUser'], preset: PerUser | null): PerUser | null {
  if (option === undefined) return preset
  if (typeof option !== 'object' || option === null) throw invalid('perUser must be { max, whenFull }')
  const whenFull = option.whenFull ?? 'endOldest'
  if (whenFull !== 'endOldest' && whenFull !== 'refuse') {
    throw invalid("perUser.whenFull must be 'endOldest' or 'refuse'")
  }
  return { max: whole(option.max, 'perUser.max', USER_CEILING), whenFull }
}

function nameOf(name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z0-9:_-]{1,64}$/.test(name)) return name
  throw invalid('name must be 1 to 64 letters, digits or : _ -')
}

function whole(value: unknown, name: string, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= max) return value
  throw invalid(`${name} must be a whole number from 1 to ${max}`)
}

function invalid(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `${why}.`)
}

/** Without a schema or `initial`, a session starts with no fields: each is optional to its reader. */
function emptyData<Data>(): Data {
  return {} as Data
}

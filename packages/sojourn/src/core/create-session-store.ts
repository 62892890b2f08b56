import { Background } from './background.ts'
import type { StoreContext } from './context.ts'
import { Counters } from './counters.ts'
import { DataCodec } from './data-codec.ts'
import { FORMATS } from './envelope.ts'
import { SessionError } from './errors.ts'
import { Events } from './events.ts'
import { GuardedEngine } from './guard.ts'
import { keyBytes } from './keys.ts'
import { parseDuration } from './lifetime.ts'
import type { StoreOptions } from './options.ts'
import { USER_CEILING } from './port.ts'
import { type PerUser, policyOf } from './presets.ts'
import { Records } from './records.ts'
import type { SessionData } from './session.ts'
import { SessionStore } from './session-store.ts'
import { StoreRecord } from './store-record.ts'
import { systemClock } from './system-clock.ts'

const MAX_DATA_BYTES = 32 * 1_024
const MAX_DATA_BYTES_CEILING = 1_024 * 1_024

/**
 * Opens a session store.
 * @throws SessionError `INVALID_ARGUMENT` for options that contradict each other; `STORE_REFUSED` for a store
 * that was made with another bucket key; `ENGINE_UNAVAILABLE` when the engine does not answer and `lazy` is
 * not set
 */
export async function createSessionStore<Data = SessionData>(
  options: StoreOptions<Data>,
): Promise<SessionStore<Data>> {
  const clock = options.clock ?? systemClock
  const timeout = parseDuration(options.timeout ?? '1s', 'timeout')
  const checked = checkedOptions(options)
  const counters = new Counters()
  const engine = new GuardedEngine(await options.engine, clock, timeout)
  const about = new StoreRecord(engine, checked.bucketKey)
  const context: StoreContext<Data> = {
    ...checked,
    engine,
    clock,
    records: new Records(engine, clock, about),
    counters,
    events: new Events(counters),
    background: new Background(counters),
  }
  if (options.lazy !== true) await context.records.ready()
  return new SessionStore(context, about, options.sweep !== false)
}

function checkedOptions<Data>(options: StoreOptions<Data>) {
  const policy = policyOf(options.lifetime ?? 'web')
  return {
    name: nameOf(options.name ?? 'sojourn'),
    policy,
    perUser: perUserOf(options.perUser, policy.perUser),
    bucketKey: 'bucketKey' in options ? keyBytes(options.bucketKey, 'bucketKey') : null,
    initial: options.initial ?? emptyData,
    codec: codecOf(options),
  }
}

function codecOf<Data>(options: StoreOptions<Data>): DataCodec<Data> {
  const format = options.format ?? 'messagepack'
  if (!Object.hasOwn(FORMATS, format)) throw invalid(`format must be ${Object.keys(FORMATS).join(' or ')}`)
  return new DataCodec({
    schema: options.schema ?? null,
    version: whole(options.version ?? 1, 'version', 2 ** 31),
    upgrade: options.upgrade ?? null,
    maxDataBytes: whole(options.maxDataBytes ?? MAX_DATA_BYTES, 'maxDataBytes', MAX_DATA_BYTES_CEILING),
    format,
  })
}

function perUserOf(option: StoreOptions<unknown>['perUser'], preset: PerUser | null): PerUser | null {
  if (option === undefined) return preset
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

import { types } from 'node:util'
import type { Archive, EndedSession, Ending, LiveSession } from './archive.ts'
import type { DataCodec } from './data-codec.ts'
import { pathText } from './data-path.ts'
import { ENVELOPE_CEILING_BYTES } from './envelope.ts'
import { SessionError } from './errors.ts'
import { fromPlainForm } from './from-plain-form.ts'
import { toPlainForm } from './plain-form.ts'
import type { Ended, SessionRecord } from './port.ts'
import { withoutMessage } from './schema.ts'

/** Parts of names that tell of a credential, whatever stands around them; only letters and digits are compared. */
const CREDENTIAL_PARTS = [
  ...['password', 'passwd', 'passphrase', 'passcode', 'secret', 'token', 'credential', 'authorization'],
  ...['apikey', 'accesskey', 'privatekey', 'signingkey', 'encryptionkey', 'sessionid', 'cookie', 'bearer'],
  ...['codeverifier', 'recoverycode', 'backupcode', 'mnemonic', 'seedphrase'],
]
/** Words too short to look for within others: a pin is not a shipping. */
const CREDENTIAL_WORDS = new Set([
  ...['pin', 'otp', 'totp', 'cvv', 'cvv2', 'cvc', 'cvc2', 'jwt', 'pwd', 'pass', 'auth', 'sid'],
])
/** So many names are remembered, and none that is longer: a name can be data. */
const NAMES_KNOWN = 1_000
const NAME_KNOWN_LENGTH = 64

type Selected = Pick<EndedSession, 'data' | 'json'>
const NOTHING: Selected = { data: null, json: null }

/** Makes of a record what a destination gets: what `select` lets through, and never a credential by mistake (T109). */
export class ArchiveRows<Data> {
  readonly #codec: DataCodec<Data>
  readonly #select: Archive<Data>['select']
  readonly #allowed: ReadonlySet<string>
  /** Whether names that were met look like those of credentials. */
  readonly #names = new Map<string, boolean>()

  constructor(codec: DataCodec<Data>, { select, allow = [] }: Archive<Data>) {
    this.#codec = codec
    this.#select = select
    this.#allowed = new Set(allow)
  }

  /** @throws SessionError `ARCHIVE_REFUSED`, `DATA_REFUSED`, `DATA_TOO_LARGE`, `RECORD_UNREADABLE` */
  async ended(record: SessionRecord, ended: Ended): Promise<EndedSession> {
    const { id, userId, createdAt, seenAt, authenticatedAt } = record
    const times = { createdAt, seenAt, authenticatedAt, endedAt: ended.at, reason: ended.reason }
    return { id, userId, ...times, ...(await this.#selected(record, ended)) }
  }

  /** The same of a session that lives. */
  async live(record: SessionRecord): Promise<LiveSession> {
    const { id, userId, createdAt, seenAt, authenticatedAt, version, expiresAt } = record
    const times = { createdAt, seenAt, authenticatedAt, version, expiresAt }
    return { id, userId, ...times, ...(await this.#selected(record, null)) }
  }

  async #selected(record: SessionRecord, ended: Ended | null): Promise<Selected> {
    if (this.#select === undefined) return NOTHING
    const { data, device } = await this.#codec.decode(record.data)
    const { id, userId, createdAt, seenAt, authenticatedAt } = record
    const end = { endedAt: ended?.at ?? null, reason: ended?.reason ?? null }
    const times = { createdAt, seenAt, authenticatedAt, ...end }
    const selected = selectedBy(this.#select, Object.freeze({ id, userId, ...times, device, data }))
    if (selected === null) return NOTHING
    const plain = toPlainForm(selected, {
      bytesAsText: true,
      refusesNul: true,
      skipsUndefined: true,
      maxBytes: ENVELOPE_CEILING_BYTES,
    })
    const json = JSON.stringify(plain)
    const copy = fromPlainForm(plain, { freeze: true })
    this.#assertNoCredential(copy)
    return { data: copy, json }
  }

  #assertNoCredential(value: unknown): void {
    const path = this.#credentialIn(value)
    if (path === null) return
    const why = `${pathText(path)} looks like a credential. Leave it out in select, or name it in allow.`
    throw new SessionError('ARCHIVE_REFUSED', why)
  }

  /** The path to the first one; null without any. Most data has none, and most of it is plain fields. */
  #credentialIn(value: unknown): PropertyKey[] | null {
    if (typeof value !== 'object' || value === null || types.isUint8Array(value)) return null
    if (!isFields(value)) return this.#credentialAmong(value)
    for (const name of Object.keys(value)) {
      const path = this.#isCredential(name) ? [] : this.#credentialIn(value[name])
      if (path !== null) return [name, ...path]
    }
    return null
  }

  #credentialAmong(items: object): PropertyKey[] | null {
    for (const [name, inner] of entriesOf(items)) {
      const isHere = typeof name === 'string' && this.#isCredential(name)
      const path = isHere ? [] : this.#credentialIn(inner)
      if (path !== null) return [name, ...path]
    }
    return null
  }

  /** Data of one application has few names: each is looked at once. */
  #isCredential(name: string): boolean {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const isCredential = looksLikeCredential(name) && !this.#allowed.has(name)
    if (this.#names.size >= NAMES_KNOWN) this.#names.clear()
    if (name.length <= NAME_KNOWN_LENGTH) this.#names.set(name, isCredential)
    return isCredential
  }
}

/** `select` is the application's: what it throws is told without its message, which may quote data (SECURITY T82). */
function selectedBy<Data>(select: NonNullable<Archive<Data>['select']>, ending: Ending<Data>): unknown {
  const selected = resultOf(() => select(ending))
  if (selected === undefined) {
    throw new SessionError('ARCHIVE_REFUSED', 'select returned undefined; null would mean no data.')
  }
  if (!types.isPromise(selected)) return selected
  selected.catch(() => undefined)
  throw new SessionError('ARCHIVE_REFUSED', 'select must be synchronous.')
}

function resultOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    throw selectFailed(error)
  }
}

function selectFailed(error: unknown): SessionError {
  return new SessionError('ARCHIVE_REFUSED', 'select failed.', { cause: withoutMessage(error) })
}

function isFields(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype
}

function entriesOf(value: object): Iterable<readonly [PropertyKey, unknown]> {
  if (types.isMap(value)) return [...value].flatMap(entriesOfPair)
  if (types.isSet(value)) return [...value].entries()
  return Array.isArray(value) ? value.entries() : Object.entries(value)
}

/** A key of a map may hold names itself. */
function entriesOfPair([key, inner]: [unknown, unknown], index: number): (readonly [PropertyKey, unknown])[] {
  if (typeof key === 'string') return [[key, inner]]
  return [
    [index, key],
    [index, inner],
  ]
}

/** Compared as a person reads it: `ｔｏｋｅｎ` in wide letters is a token too. */
function looksLikeCredential(name: string): boolean {
  const words = name
    .normalize('NFKC')
    .replaceAll(/(\p{Ll}|\p{N})(?=\p{Lu})/gu, '$1 ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
  const plain = words.join('')
  return (
    words.some((word) => CREDENTIAL_WORDS.has(word)) || CREDENTIAL_PARTS.some((part) => plain.includes(part))
  )
}

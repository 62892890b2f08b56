import { types } from 'node:util'
import type { Archive, EndedSession, Ending, LiveSession } from './archive.ts'
import type { DataCodec } from './data-codec.ts'
import { pathText } from './data-path.ts'
import { ENVELOPE_CEILING_BYTES } from './envelope.ts'
import { SessionError } from './errors.ts'
import { dataFromJson } from './json-form.ts'
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
    return Object.assign(await this.#selected(record, ended), { id, userId, ...times })
  }

  /** The same of a session that lives. */
  async live(record: SessionRecord): Promise<LiveSession> {
    const { id, userId, createdAt, seenAt, authenticatedAt, version, expiresAt } = record
    const times = { createdAt, seenAt, authenticatedAt, version, expiresAt }
    return Object.assign(await this.#selected(record, null), { id, userId, ...times })
  }

  async #selected(record: SessionRecord, ended: Ended | null): Promise<Selected> {
    if (this.#select === undefined) return { data: null, json: null }
    const { data, device } = await this.#codec.decode(record.data)
    const { id, userId, createdAt, seenAt, authenticatedAt } = record
    const end = { endedAt: ended?.at ?? null, reason: ended?.reason ?? null }
    const times = { createdAt, seenAt, authenticatedAt, ...end }
    const selected = selectedBy(this.#select, Object.freeze({ id, userId, ...times, device, data }))
    if (selected === null) return { data: null, json: null }
    const plain = toPlainForm(selected, {
      bytesAsText: true,
      refusesNul: true,
      skipsUndefined: true,
      maxBytes: ENVELOPE_CEILING_BYTES,
      onName: (name, path) => this.#assertNoCredential(name, path),
    })
    return selectedOf(JSON.stringify(plain))
  }

  #assertNoCredential(name: string, path: readonly PropertyKey[]): void {
    if (!this.#isCredential(name)) return
    const why = `${pathText(path)} looks like a credential. Leave it out in select, or name it in allow.`
    throw new SessionError('ARCHIVE_REFUSED', why)
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

/** Made when somebody asks for it: a destination that keeps text needs no data. */
function selectedOf(json: string): Selected {
  let made: { readonly data: unknown } | null = null
  return {
    json,
    get data() {
      made ??= { data: dataFromJson(json) }
      return made.data
    },
  }
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

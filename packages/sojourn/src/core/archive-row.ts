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

/** Parts of names that tell of a credential, whatever stands around them; compared without case, `_` and `-`. */
const CREDENTIAL_PARTS = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'privatekey',
  'credential',
  'authorization',
  'cookie',
]
/** Names too short to look for within others: a pin is not a shipping. */
const CREDENTIAL_NAMES = new Set(['pin', 'otp', 'totp', 'cvv', 'cvc', 'jwt'])

type Selected = Pick<EndedSession, 'data' | 'json'>
const NOTHING: Selected = { data: null, json: null }

/** Makes of a record what a destination gets: what `select` lets through, and never a credential by mistake (T109). */
export class ArchiveRows<Data> {
  readonly #codec: DataCodec<Data>
  readonly #select: Archive<Data>['select']
  readonly #allowed: ReadonlySet<string>

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
      maxBytes: ENVELOPE_CEILING_BYTES,
    })
    const json = JSON.stringify(plain)
    const copy = fromPlainForm(plain, { freeze: true })
    this.#assertNoCredential(copy, [])
    return { data: copy, json }
  }

  #assertNoCredential(value: unknown, path: readonly PropertyKey[]): void {
    if (typeof value !== 'object' || value === null || types.isUint8Array(value)) return
    for (const [name, inner] of fieldsOf(value)) {
      const inside = [...path, name]
      if (typeof name === 'string' && looksLikeCredential(name) && !this.#allowed.has(name)) {
        const why = `${pathText(inside)} looks like a credential. Leave it out in select, or name it in allow.`
        throw new SessionError('ARCHIVE_REFUSED', why)
      }
      this.#assertNoCredential(inner, inside)
    }
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

function fieldsOf(value: object): readonly (readonly [PropertyKey, unknown])[] {
  if (types.isMap(value)) {
    return [...value].map(([key, inner], index) => [typeof key === 'string' ? key : index, inner])
  }
  if (types.isSet(value) || Array.isArray(value)) return [...value].map((inner, index) => [index, inner])
  return Object.entries(value)
}

function looksLikeCredential(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '')
  return CREDENTIAL_NAMES.has(plain) || CREDENTIAL_PARTS.some((part) => plain.includes(part))
}

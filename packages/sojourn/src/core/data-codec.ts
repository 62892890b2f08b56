import type { StandardSchemaV1 } from '@standard-schema/spec'
import { decodeEnvelope, type Envelope, encodeEnvelope, type Format } from './envelope.ts'
import { redacted, SessionError } from './errors.ts'
import { fromPlainForm } from './from-plain-form.ts'
import { toPlainForm } from './plain-form.ts'
import type { Device, ReadonlyData } from './session.ts'

export interface CodecOptions<Data> {
  readonly schema: StandardSchemaV1<unknown, Data> | null
  readonly version: number
  readonly upgrade: ((old: unknown, fromVersion: number) => unknown) | null
  readonly maxDataBytes: number
  readonly format: Format
}

/** What is stored beside the data, and what `update` and `carry` cannot reach. */
export interface Head {
  readonly device: Device | null
  readonly assurance: string | null
}

/** Turns session data into bytes and back: schema, value domain, size and shape version in one place. */
export class DataCodec<Data> {
  readonly #options: CodecOptions<Data>

  constructor(options: CodecOptions<Data>) {
    this.#options = options
  }

  /**
   * Checks data and encodes it.
   * @throws SessionError `SCHEMA_REFUSED`, `DATA_REFUSED`, `DATA_TOO_LARGE`
   */
  async encode(data: unknown, head: Head): Promise<Uint8Array> {
    const { version, format, maxDataBytes } = this.#options
    const checked = await this.#check(data)
    const plain = toPlainForm(checked, { native: format === 'messagepack', maxBytes: maxDataBytes })
    const { device, assurance } = head
    const bytes = encodeEnvelope({ schemaVersion: version, device, assurance, plain }, format)
    if (bytes.byteLength <= maxDataBytes) return bytes
    throw new SessionError(
      'DATA_TOO_LARGE',
      `It has ${bytes.byteLength} bytes encoded; the limit is ${maxDataBytes}.`,
    )
  }

  /** The fields beside the data, and the data as a reader gets it. */
  async decode(bytes: Uint8Array): Promise<Head & { readonly data: ReadonlyData<Data> }> {
    const envelope = decodeEnvelope(bytes)
    const data = await this.#dataOf(envelope, true)
    // The bytes were checked by the schema when they were written, which is what makes them `Data`.
    return { device: envelope.device, assurance: envelope.assurance, data: data as ReadonlyData<Data> }
  }

  /** A fresh, open copy of the data for a recipe, with the fields beside it. */
  async draft(bytes: Uint8Array): Promise<Head & { readonly draft: Data }> {
    const envelope = decodeEnvelope(bytes)
    const draft = await this.#dataOf(envelope, false)
    return { device: envelope.device, assurance: envelope.assurance, draft: draft as Data }
  }

  /** The fields beside the data alone. */
  head(bytes: Uint8Array): Head {
    const { device, assurance } = decodeEnvelope(bytes)
    return { device, assurance }
  }

  /** Freezes data that is not stored, as if it had been read: what an absent session shows. */
  blank(initial: Data): ReadonlyData<Data> {
    const plain = toPlainForm(initial, { native: true, maxBytes: this.#options.maxDataBytes })
    return fromPlainForm(plain, { freeze: true }) as ReadonlyData<Data>
  }

  async #dataOf(envelope: Envelope, freeze: boolean): Promise<unknown> {
    if (envelope.schemaVersion === this.#options.version) return fromPlainForm(envelope.plain, { freeze })
    const upgraded = await this.#upgraded(
      fromPlainForm(envelope.plain, { freeze: false }),
      envelope.schemaVersion,
    )
    return fromPlainForm(toPlainForm(upgraded, { native: true, maxBytes: this.#options.maxDataBytes }), {
      freeze,
    })
  }

  /** A record that does not fit the shape is an error, never an empty session (SECURITY T61). */
  async #upgraded(old: unknown, fromVersion: number): Promise<unknown> {
    const { upgrade, version } = this.#options
    try {
      return await this.#check(upgrade === null ? old : await upgrade(old, fromVersion))
    } catch (error) {
      throw notUpgraded(fromVersion, version, error)
    }
  }

  async #check(data: unknown): Promise<unknown> {
    if (this.#options.schema === null) return data
    const result = await this.#options.schema['~standard'].validate(data)
    if (result.issues === undefined) return result.value
    throw new SessionError('SCHEMA_REFUSED', result.issues.slice(0, 3).map(issueText).join(' '))
  }
}

function notUpgraded(from: number, to: number, error: unknown): SessionError {
  const detail = `Its data has version ${from} and could not be upgraded to ${to}.`
  return new SessionError('RECORD_UNREADABLE', detail, { cause: redacted(error) })
}

/** The path and no more: a schema's own message may quote the value. */
function issueText(issue: StandardSchemaV1.Issue): string {
  const steps = (issue.path ?? []).map((step) =>
    String(typeof step === 'object' ? step.key : step).slice(0, 40),
  )
  return `data${steps.map((step) => `.${step}`).join('')} does not fit.`
}

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Patience, within } from './deadline.ts'
import { decodeEnvelope, ENVELOPE_CEILING_BYTES, encodeEnvelope, type Format } from './envelope.ts'
import { SessionError } from './errors.ts'
import { frozenFrom, openFrom } from './from-plain-form.ts'
import { toPlainForm } from './plain-form.ts'
import type { SessionRecord } from './port.ts'
import { RecentData } from './recent-data.ts'
import { dataIn, validated, withoutMessage } from './schema.ts'
import type { Device, ReadonlyData } from './session.ts'

/** The clock and the timeout are for an asynchronous schema or upgrade. */
export interface CodecOptions<Data> extends Patience {
  readonly schema: StandardSchemaV1<unknown, Data> | null
  readonly version: number
  readonly upgrade: ((old: unknown, fromVersion: number) => unknown) | null
  readonly maxDataBytes: number
  readonly format: Format
  /** Whether the data will go to an archive, which takes less than a store (SECURITY T106). */
  readonly forArchive: () => boolean
}

/** What is stored beside the data, and what `update` and `carry` cannot reach. */
export interface Head {
  readonly device: Device | null
  readonly assurance: string | null
}

/** Data as a reader gets it, with what is stored beside it. */
export interface Decoded<Data> extends Head {
  readonly data: ReadonlyData<Data>
}

/** What is stored, and the same as it would be read again. */
export interface Written<Data> extends Decoded<Data> {
  readonly bytes: Uint8Array
}

interface Draft<Data> extends Head {
  readonly draft: Data
}

/** Turns session data into bytes and back: schema, value domain, size and shape version in one place. */
export class DataCodec<Data> {
  readonly #options: CodecOptions<Data>
  readonly #recent: RecentData<Data>

  constructor(options: CodecOptions<Data>) {
    this.#options = options
    this.#recent = new RecentData(options.clock)
  }

  /**
   * Checks data and encodes it; tells it as a reader would get it from these bytes. Unless the schema is
   * asynchronous, the copy is taken before this returns, so that no change by the caller comes between the check
   * and the copy.
   * @throws SessionError `SCHEMA_REFUSED`, `DATA_REFUSED`, `DATA_TOO_LARGE`
   */
  async write(data: unknown, head: Head): Promise<Written<Data>> {
    const { schema, version, format, maxDataBytes, forArchive } = this.#options
    const result = validated(schema, data, this.#options)
    const checked = dataIn(result instanceof Promise ? await result : result)
    const plain = toPlainForm(checked, {
      bytesAsText: format === 'json',
      refusesNul: forArchive(),
      maxBytes: maxDataBytes,
    })
    const { assurance } = head
    const device = head.device && Object.freeze({ ...head.device })
    const bytes = encodeEnvelope({ schemaVersion: version, device, assurance, plain }, format)
    if (bytes.byteLength <= maxDataBytes)
      return { bytes, device, assurance, data: this.#typed(frozenFrom(plain).data) }
    throw new SessionError(
      'DATA_TOO_LARGE',
      `It has ${bytes.byteLength} bytes encoded; the limit is ${maxDataBytes}.`,
    )
  }

  /** The bytes alone of `write`. */
  async encode(data: unknown, head: Head): Promise<Uint8Array> {
    return (await this.write(data, head)).bytes
  }

  /** The fields beside the data, and the data as a reader gets it. */
  async decode(bytes: Uint8Array): Promise<Decoded<Data>> {
    return (await this.#decode(bytes)).decoded
  }

  /** The same of a session that is in use: readers share what was decoded a moment ago, where nobody can change it. */
  async read(record: Pick<SessionRecord, 'id' | 'data'>): Promise<Decoded<Data>> {
    const known = this.#recent.find(record)
    if (known !== null) return known
    const { decoded, isShareable, nodes } = await this.#decode(record.data)
    if (isShareable) this.#recent.note(record, decoded, nodes)
    return decoded
  }

  /** Keeps nothing that was decoded. */
  forget(): void {
    this.#recent.clear()
  }

  /** A fresh, open copy of the data for a recipe, with the fields beside it. */
  async draft(bytes: Uint8Array): Promise<Draft<Data>> {
    const { schemaVersion, device, assurance, plain } = decodeEnvelope(bytes)
    const isCurrent = schemaVersion === this.#options.version
    const draft = openFrom(isCurrent ? plain : await this.#upgraded(plain, schemaVersion))
    return { device, assurance, draft: draft as Data }
  }

  /** The fields beside the data alone. */
  head(bytes: Uint8Array): Head {
    const { device, assurance } = decodeEnvelope(bytes)
    return { device, assurance }
  }

  /** Freezes data that is not stored, as if it had been read: what an absent session shows. */
  blank(initial: Data): ReadonlyData<Data> {
    const plain = toPlainForm(initial, { bytesAsText: false, maxBytes: this.#options.maxDataBytes })
    return this.#typed(frozenFrom(plain).data)
  }

  async #decode(bytes: Uint8Array): Promise<{ decoded: Decoded<Data>; isShareable: boolean; nodes: number }> {
    const { schemaVersion, device, assurance, plain } = decodeEnvelope(bytes)
    const isCurrent = schemaVersion === this.#options.version
    const { data, isShareable, nodes } = frozenFrom(
      isCurrent ? plain : await this.#upgraded(plain, schemaVersion),
    )
    // What an upgrade makes is made anew each time: it may depend on more than the bytes.
    return {
      decoded: { device, assurance, data: this.#typed(data) },
      isShareable: isCurrent && isShareable,
      nodes,
    }
  }

  /** The schema checked the data when it was written, which is what makes it `Data`. */
  #typed(data: unknown): ReadonlyData<Data> {
    return data as ReadonlyData<Data>
  }

  /** In plain form. A record that does not fit the shape is an error, never an empty session (SECURITY T61). */
  async #upgraded(plain: unknown, fromVersion: number): Promise<unknown> {
    const { schema, version } = this.#options
    const old = openFrom(plain)
    try {
      const checked = dataIn(await validated(schema, await this.#upgrade(old, fromVersion), this.#options))
      return toPlainForm(checked, { bytesAsText: false, maxBytes: ENVELOPE_CEILING_BYTES })
    } catch (error) {
      throw notUpgraded(fromVersion, version, error)
    }
  }

  async #upgrade(old: unknown, fromVersion: number): Promise<unknown> {
    const { upgrade, timeout } = this.#options
    if (upgrade === null) return old
    const upgraded = upgrade(old, fromVersion)
    if (!(upgraded instanceof Promise)) return upgraded
    return within(upgraded, this.#options, () => {
      return new SessionError('RECORD_UNREADABLE', `upgrade did not answer within ${timeout} ms.`)
    })
  }
}

function notUpgraded(from: number, to: number, error: unknown): SessionError {
  const detail = `Its data has version ${from} and could not be upgraded to ${to}.`
  return new SessionError('RECORD_UNREADABLE', detail, { cause: withoutMessage(error) })
}

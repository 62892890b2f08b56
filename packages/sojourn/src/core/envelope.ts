import { Packr } from 'msgpackr'
import { SessionError } from './errors.ts'
import type { Device } from './session.ts'
import { isStrictMessagePack } from './strict-messagepack.ts'

/**
 * The stored form of everything that an engine need not understand: one byte that names the format, then the
 * encoded fields. Formats live side by side, so an upgrade logs nobody out. Byte 0x03 is kept for encrypted
 * data.
 */
export const FORMATS = { messagepack: 0x01, json: 0x02 } as const
export type Format = keyof typeof FORMATS

/** No record is larger, whatever the limit of its store. */
export const ENVELOPE_CEILING_BYTES = 1_024 * 1_024

export interface Envelope {
  /** The version of the shape of the data, as the application counts it. */
  readonly schemaVersion: number
  readonly device: Device | null
  readonly assurance: string | null
  /** The data in plain form. */
  readonly plain: unknown
}

/**
 * Records are off: they generate code from field names, and a shared dictionary can be lost (SECURITY T160).
 * The size of small objects then takes two bytes less each.
 */
const packr = new Packr({ useRecords: false, variableMapSize: true })

export function encodeEnvelope(envelope: Envelope, format: Format): Uint8Array {
  const fields = [envelope.schemaVersion, envelope.device, envelope.assurance, envelope.plain]
  const body = format === 'json' ? Buffer.from(JSON.stringify(fields)) : packr.pack(fields)
  const bytes = new Uint8Array(1 + body.byteLength)
  bytes[0] = FORMATS[format]
  bytes.set(body, 1)
  return bytes
}

/** @throws SessionError `RECORD_UNREADABLE` */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const fields = decodeBody(bytes)
  if (!Array.isArray(fields) || fields.length !== 4) throw unreadable()
  const [schemaVersion, device, assurance, plain]: unknown[] = fields
  if (typeof schemaVersion !== 'number' || !Number.isSafeInteger(schemaVersion)) throw unreadable()
  if (assurance !== null && typeof assurance !== 'string') throw unreadable()
  return { schemaVersion, device: deviceOf(device), assurance, plain }
}

function decodeBody(bytes: Uint8Array): unknown {
  if (bytes.byteLength < 1 || bytes.byteLength > ENVELOPE_CEILING_BYTES) throw unreadable()
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.byteLength - 1)
  if (bytes[0] === FORMATS.json) return decodedBy(() => JSON.parse(body.toString()))
  if (bytes[0] !== FORMATS.messagepack) {
    throw new SessionError('RECORD_UNREADABLE', `Its format ${bytes[0]} is not known here.`)
  }
  return isStrictMessagePack(body) ? decodedBy(() => packr.unpack(body)) : null
}

/** Null, which is no envelope, when the decoder fails: its message quotes the data and is not passed on. */
function decodedBy(decode: () => unknown): unknown {
  try {
    return decode()
  } catch {
    return null
  }
}

function deviceOf(value: unknown): Device | null {
  if (typeof value !== 'object' || value === null) return null
  const device: { label?: string; userAgent?: string } = {}
  if ('label' in value && typeof value.label === 'string') device.label = value.label
  if ('userAgent' in value && typeof value.userAgent === 'string') device.userAgent = value.userAgent
  return Object.freeze(device)
}

function unreadable(): SessionError {
  return new SessionError('RECORD_UNREADABLE', 'Its bytes are damaged.')
}

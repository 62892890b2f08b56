import { ENVELOPE_CEILING_BYTES } from './envelope.ts'
import { SessionError } from './errors.ts'
import { frozenFrom } from './from-plain-form.ts'
import { toPlainForm } from './plain-form.ts'
import { withoutMessage } from './schema.ts'

/**
 * Session data as JSON text that holds all of it, for an archive: what JSON has no word for is tagged, such as
 * `{"$date":1767225600000}` or `{"$bigint":"9007199254740993"}` (SECURITY T108).
 * @throws SessionError `DATA_REFUSED` with the path to a value that cannot be stored; `DATA_TOO_LARGE`
 */
export function jsonFromData(data: unknown): string {
  return JSON.stringify(
    toPlainForm(data, { bytesAsText: true, refusesNul: true, maxBytes: ENVELOPE_CEILING_BYTES }),
  )
}

/**
 * The data that `jsonFromData` made this text of, frozen.
 * @throws SessionError `RECORD_UNREADABLE` for any other text
 */
export function dataFromJson(json: string): unknown {
  try {
    return frozenFrom(JSON.parse(json)).data
  } catch (error) {
    throw notOurs(error)
  }
}

function notOurs(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const cause = withoutMessage(error)
  return new SessionError('RECORD_UNREADABLE', 'Its archived data is no JSON.', { cause })
}

import { FEED_NAMES, type FeedEvent } from '../../core/feed.ts'
import { END_REASONS, type Instant } from '../../core/port.ts'
import { assertInstant, assertUserId } from '../record-check.ts'
import type { Reply } from './client.ts'
import { isId } from './keys.ts'

/** An event as it lies in the stream. */
export interface FeedEntry {
  /** Which store told it, at random: 16 characters. */
  readonly origin: string
  /** Counts what the origin told, so that what came twice is known. */
  readonly sequence: number
  readonly event: FeedEvent
}

/** Always these and in this order: the server then stores their names once for many entries. */
const FIELDS = ['v', 'origin', 'seq', 'name', 'at', 'id', 'user', 'reason'] as const
const FORMAT = '1'
const WHOLE = /^(?:0|[1-9]\d{0,15})$/
/** No field is longer: a user id has 255 bytes. */
const LONGEST_BYTES = 255

/** Fields and values of an entry. What is not there is empty. */
export function fieldsOf({ origin, sequence, event }: FeedEntry): string[] {
  const { name, at, id, userId } = event
  const reason = event.name === 'ended' ? event.reason : ''
  const values = [FORMAT, origin, String(sequence), name, String(at), id, userId ?? '', reason]
  return FIELDS.flatMap((field, index) => [field, values[index] ?? ''])
}

/** The entry that fields and values say; null for whatever this release would not have written. */
export function entryOf(reply: Reply): FeedEntry | null {
  const [format, origin = '', seq = '', name, at = '', id, user, reason] = valuesOf(reply) ?? []
  const sequence = WHOLE.test(seq) ? Number(seq) : Number.NaN
  if (format !== FORMAT || !isId(origin) || !isId(id) || !Number.isSafeInteger(sequence)) return null
  const about = aboutOf(WHOLE.test(at) ? Number(at) : Number.NaN, user ?? '')
  const event = about && eventOf({ ...about, id }, name, reason)
  return event && { origin, sequence, event }
}

function aboutOf(at: Instant, user: string): { readonly at: Instant; readonly userId: string | null } | null {
  try {
    assertInstant(at, 'at')
    if (user !== '') assertUserId(user)
    return { at, userId: user === '' ? null : user }
  } catch {
    return null
  }
}

function eventOf(
  about: Omit<Extract<FeedEvent, { readonly name: 'ended' }>, 'name' | 'reason'>,
  word: string | undefined,
  why: string | undefined,
): FeedEvent | null {
  const name = FEED_NAMES.find((each) => each === word)
  const reason = END_REASONS.find((each) => each === why)
  if (name === undefined) return null
  if (name !== 'ended') return why === '' ? { name, ...about } : null
  return reason === undefined ? null : { name, ...about, reason }
}

/** The values in order; null when a name is another one, or a value is no text of a length that we write. */
function valuesOf(reply: Reply): readonly string[] | null {
  if (!Array.isArray(reply) || reply.length !== FIELDS.length * 2) return null
  const words = reply.map(textOrNull)
  const values: string[] = []
  for (const [index, field] of FIELDS.entries()) {
    const value = words[index * 2 + 1]
    if (words[index * 2] !== field || value === null || value === undefined) return null
    values.push(value)
  }
  return values
}

/** UTF-8 that is well formed; bytes that are not would be replaced, and mean another user. */
function textOrNull(word: unknown): string | null {
  if (!Buffer.isBuffer(word) || word.byteLength > LONGEST_BYTES) return null
  const text = word.toString('utf8')
  return Buffer.from(text, 'utf8').equals(word) ? text : null
}

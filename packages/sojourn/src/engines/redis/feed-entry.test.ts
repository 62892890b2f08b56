import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { FeedEvent } from '../../core/feed.ts'
import { fieldsWith } from './feed.test-support.ts'
import { entryOf, type FeedEntry, fieldsOf } from './feed-entry.ts'

const ABOUT = { at: 1_800_000_000_000, id: 'AbCdEfGhIjKlMnOp', userId: 'ü_1' }
const EVENTS: readonly FeedEvent[] = [
  { name: 'ended', ...ABOUT, reason: 'logout' },
  { name: 'created', ...ABOUT, userId: null },
  { name: 'reuseDetected', ...ABOUT },
]

const bytes = (fields: readonly string[]) => fields.map((each) => Buffer.from(each))

const POISON: readonly (readonly [string, readonly unknown[]])[] = [
  ['of another format', bytes(fieldsWith({ v: '2' }))],
  ['with an origin that is none', bytes(fieldsWith({ origin: 'short' }))],
  ['with a number that is none', bytes(fieldsWith({ seq: '1e3' }))],
  ['with a number beyond what is exact', bytes(fieldsWith({ seq: '9999999999999999' }))],
  ['with an unknown name', bytes(fieldsWith({ name: 'clockJumped' }))],
  ['with a name of every object', bytes(fieldsWith({ name: 'constructor' }))],
  ['with an instant that is none', bytes(fieldsWith({ at: '-1' }))],
  ['with an instant beyond 48 bits', bytes(fieldsWith({ at: '999999999999999' }))],
  ['with an empty instant', bytes(fieldsWith({ at: '' }))],
  ['with an id that is none', bytes(fieldsWith({ id: 'AbCdEfGhIjKlMnO\n' }))],
  ['with a token for an id', bytes(fieldsWith({ id: 'A'.repeat(48) }))],
  ['with a user that is too long', bytes(fieldsWith({ user: 'u'.repeat(256) }))],
  ['with a reason that is none', bytes(fieldsWith({ reason: 'bored' }))],
  ['with an end without a reason', bytes(fieldsWith({ reason: '' }))],
  ['with a reason where none belongs', bytes(fieldsWith({ name: 'created' }))],
  ['with a field more', bytes([...fieldsWith(), 'data', 'x'])],
  ['with a field less', bytes(fieldsWith().slice(2))],
  ['with fields in another order', bytes([...fieldsWith().slice(2), 'v', '1'])],
  ['with the name of a field changed', bytes(fieldsWith().map((each) => (each === 'user' ? 'User' : each)))],
  [
    'with broken UTF-8',
    bytes(fieldsWith({ user: '' })).map((each) => (each.byteLength === 0 ? Buffer.from([0x75, 0xff]) : each)),
  ],
  ['that nests', bytes(fieldsWith()).map((each) => [each])],
  ['of nulls', fieldsWith().map(() => null)],
  ['that is empty', []],
]

/** Which of these a parser takes for events. */
function taken(parse: (reply: unknown) => unknown): string[] {
  return POISON.filter(([, reply]) => parse(reply) !== null).map(([name]) => name)
}

describe('an entry', () => {
  test.each(EVENTS)('of $name comes back as it was', (event) => {
    const entry: FeedEntry = { origin: 'SomebodyElse-123', sequence: 7, event }
    expect(entryOf(bytes(fieldsOf(entry)))).toEqual(entry)
  })

  test('T14: has eight fields, and no room for a token', () => {
    const fields = fieldsOf({ origin: 'SomebodyElse-123', sequence: 7, event: EVENTS[0] ?? neverEvent() })
    expect(fields.filter((_, index) => index % 2 === 0)).toEqual(
      'v origin seq name at id user reason'.split(' '),
    )
  })

  test('that nobody of us wrote is refused', () => {
    expect(entryOf(bytes(fieldsWith()))).not.toBeNull()
    expect(taken(entryOf)).toEqual([])
  })

  test.each([null, undefined, 1, 'text', Buffer.from('x'), {}, new Map()])(
    'that is %j is refused',
    (reply) => {
      expect(entryOf(reply)).toBeNull()
    },
  )

  test('of random bytes is refused, and throws nothing', () => {
    for (let round = 0; round < 2_000; round += 1) {
      const reply: unknown[] = bytes(fieldsWith())
      reply[round % 16] = randomBytes(round % 40)
      const entry = entryOf(reply)
      if (entry !== null) expect(entryOf(bytes(fieldsOf(entry)))).toEqual(entry)
    }
  })

  test('taken as it comes would be noticed', () => {
    const trusting = (reply: unknown) => (Array.isArray(reply) && reply.length === 16 ? reply : null)
    expect(taken(trusting).length).toBeGreaterThan(15)
  })
})

function neverEvent(): never {
  throw new Error('There are events.')
}

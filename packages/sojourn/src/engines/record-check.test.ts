import { describe, expect, test } from 'vitest'
import { NEVER, type SessionRecord } from '../core/port.ts'
import { assertStorable } from './record-check.ts'

const record: SessionRecord = {
  id: 'Ab00000000000001',
  userId: 'u_1',
  version: 1,
  createdAt: 1,
  seenAt: 1,
  expiresAt: 2,
  absoluteAt: 3,
  authenticatedAt: null,
  digest: new Uint8Array(32),
  previous: null,
  retired: [],
  ended: null,
  data: new Uint8Array(3),
}
const refusal = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
/** What untyped callers may hand in; the types do not allow it. */
const wrongly = (fields: Record<string, unknown>): SessionRecord => Object.assign({ ...record }, fields)
const secret = (fields: Record<string, unknown>) => ({
  previous: { digest: new Uint8Array(32), sealed: new Uint8Array(1), graceEndsAt: null, ...fields },
})

const NO_INSTANTS = [
  null,
  undefined,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  1.5,
  '2',
  2n,
  NEVER + 1,
  2 ** 53,
]

describe.each(['createdAt', 'seenAt', 'expiresAt', 'absoluteAt'])('T46: a record whose %s', (field) => {
  test.each(NO_INSTANTS)('is %s is refused', (value) => {
    expect(() => assertStorable(wrongly({ [field]: value }))).toThrow(refusal)
  })
})

test('T46: a deadline behind the absolute one is refused', () => {
  expect(() => assertStorable({ ...record, expiresAt: 4 })).toThrow(refusal)
  expect(() => assertStorable({ ...record, expiresAt: 3 })).not.toThrow()
})

describe('a record is refused', () => {
  test.each([
    ['an id of another length', { id: 'Ab1' }],
    ['an id of other characters', { id: 'Ab0000000000000/' }],
    ['an id that is no text', { id: ['Ab00000000000001'] }],
    ['version 0', { version: 0 }],
    ['a version beyond 32 bits', { version: 2 ** 32 }],
    ['an empty user id', { userId: '' }],
    ['a user id of 256 bytes', { userId: 'é'.repeat(128) }],
    ['a user id with half a surrogate pair', { userId: 'a\ud800' }],
    ['a user id that is no text', { userId: 7 }],
    ['a short digest', { digest: new Uint8Array(31) }],
    ['a digest that is no bytes', { digest: 'a'.repeat(32) }],
    ['a short previous digest', secret({ digest: new Uint8Array(31) })],
    ['a sealed successor of 256 bytes', secret({ sealed: new Uint8Array(256) })],
    ['a grace that ends never', secret({ graceEndsAt: Number.NaN })],
    ['17 retired secrets', { retired: Array(17).fill({ digest: new Uint8Array(8), reuseFrom: 0 }) }],
    ['a long retired digest', { retired: [{ digest: new Uint8Array(9), reuseFrom: 0 }] }],
    ['reuse from no instant', { retired: [{ digest: new Uint8Array(8), reuseFrom: -1 }] }],
    ['a reason that does not exist', { ended: { at: 1, reason: 'bored' } }],
    ['data that is no bytes', { data: 'abc' }],
  ])('for %s', (_, fields) => {
    expect(() => assertStorable(wrongly(fields))).toThrow(refusal)
  })
})

import { types } from 'node:util'
import { pathText } from './data-path.ts'
import { SessionError } from './errors.ts'

/**
 * The plain form of session data: what JSON can hold, and bytes, with tags for the rest. A tag is an object
 * with one key that starts with `$`; keys of the data that start with `$` are written with one more. Taking
 * the form copies every value exactly once, so a getter cannot show two faces, and later changes by the
 * caller do not reach the store (CONTRACTS L6, SECURITY N5–N10).
 */

export const DEPTH_LIMIT = 32
export const NODE_LIMIT = 10_000
/** Keys that turn into prototypes when somebody assigns them carelessly (SECURITY N5). */
export const UNSAFE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
/** Decimal text of larger numbers takes long to write and to read (SECURITY T81). */
const BIGINT_BITS = 1_024
const BIGINT_END = 2n ** BigInt(BIGINT_BITS)

interface PlainOptions {
  readonly bytesAsText: boolean
  readonly maxBytes: number
  readonly refusesNul?: boolean
  readonly skipsUndefined?: boolean
  /** Called with the name of every field, and with every key of a map that is text; the path leads there. */
  readonly onName?: OnName
}

/** Throws where the data must not have that name there. */
type OnName = (name: string, path: readonly PropertyKey[]) => void

interface Walk {
  /** Whether the format holds no bytes, so that they become text. */
  readonly bytesAsText: boolean
  readonly maxBytes: number
  /** Whether text must be such that a database's text type takes it too (SECURITY T106). */
  readonly refusesNul: boolean
  /** Whether a field that is undefined is left out, as JSON does, and not refused. */
  readonly skipsUndefined: boolean
  readonly onName: OnName | null
  readonly ancestors: object[]
  readonly path: (string | number)[]
  nodes: number
  bytes: number
}

/**
 * Copies `data` into its plain form.
 * @throws SessionError `DATA_REFUSED` with the path to a value that cannot be stored; `DATA_TOO_LARGE` as
 * soon as the data is surely larger than `maxBytes`.
 */
export function toPlainForm(data: unknown, options: PlainOptions): unknown {
  const { bytesAsText, maxBytes, refusesNul = false, skipsUndefined = false, onName = null } = options
  // Written out: an object made by spreading is slow to read, and this one is read at every value.
  return plain(data, {
    bytesAsText,
    maxBytes,
    refusesNul,
    skipsUndefined,
    onName,
    ancestors: [],
    path: [],
    nodes: 0,
    bytes: 0,
  })
}

/** Whether a big integer is small enough to be stored. */
export function isStorableBigint(value: bigint): boolean {
  return value < BIGINT_END && value > -BIGINT_END
}

function plain(value: unknown, walk: Walk): unknown {
  walk.nodes += 1
  if (walk.nodes > NODE_LIMIT) throw refused(walk, `is value ${walk.nodes}; the limit is ${NODE_LIMIT}`)
  switch (typeof value) {
    case 'string':
      return plainText(value, walk)
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: numberText(value) }
    case 'boolean':
      return value
    case 'bigint':
      return plainBigint(value, walk)
    case 'object':
      return value === null ? null : plainObject(value, walk)
    case 'undefined':
      throw refused(walk, 'is undefined; use null or delete it')
    default:
      throw refused(walk, `is a ${typeof value}`)
  }
}

function plainText(text: string, walk: Walk): string {
  count(text.length, walk)
  if (!text.isWellFormed()) throw refused(walk, 'is not well-formed Unicode')
  if (walk.refusesNul && text.includes('\0')) throw refused(walk, 'holds U+0000, which no archive can')
  return text
}

/** What neither format can write: NaN, the infinities, and the sign of zero. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function plainBigint(value: bigint, walk: Walk): unknown {
  if (!isStorableBigint(value)) throw refused(walk, `is a bigint of more than ${BIGINT_BITS} bits`)
  return { $bigint: plainText(String(value), walk) }
}

function plainObject(value: object, walk: Walk): unknown {
  if (types.isProxy(value)) throw refused(walk, 'is a proxy')
  if (types.isDate(value)) return plainDate(value, walk)
  if (types.isUint8Array(value)) return plainBytes(value, walk)
  if (walk.ancestors.includes(value)) throw refused(walk, 'is a cycle')
  const level = walk.ancestors.push(value)
  if (level > DEPTH_LIMIT) throw refused(walk, `is at level ${level}; the limit is ${DEPTH_LIMIT}`)
  const form = plainContainer(value, walk)
  walk.ancestors.pop()
  return form
}

function plainContainer(value: object, walk: Walk): unknown {
  if (types.isMap(value)) return { $map: plainEntries(value, walk) }
  if (types.isSet(value)) return { $set: plainMembers(value, walk) }
  if (Array.isArray(value)) return plainItems(value, walk)
  if (isFields(value)) return plainFields(value, walk)
  throw notPlain(value, walk)
}

function isFields(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function plainItems(items: readonly unknown[], walk: Walk): unknown[] {
  assertMadeBy(Array, items, walk)
  const copy: unknown[] = []
  for (let index = 0; index < items.length; index += 1) copy.push(plainAt(index, items[index], walk))
  // An array with more than its items, such as the match of a regular expression, would lose the rest.
  if (Object.keys(items).length > copy.length) throw refused(walk, 'is an array with names')
  return copy
}

function plainMembers(members: ReadonlySet<unknown>, walk: Walk): unknown[] {
  assertMadeBy(Set, members, walk)
  const copy: unknown[] = []
  for (const member of members) copy.push(plainAt(copy.length, member, walk))
  return copy
}

function plainEntries(entries: ReadonlyMap<unknown, unknown>, walk: Walk): unknown[] {
  assertMadeBy(Map, entries, walk)
  const copy: unknown[] = []
  for (const [key, value] of entries) {
    const index = copy.length / 2
    if (typeof key === 'string') walk.onName?.(key, [...walk.path, key])
    copy.push(plainAt(index, key, walk), plainAt(index, value, walk))
  }
  return copy
}

function plainAt(index: number, value: unknown, walk: Walk): unknown {
  walk.path.push(index)
  const form = plain(value, walk)
  walk.path.pop()
  return form
}

function plainFields(fields: Record<string, unknown>, walk: Walk): Record<string, unknown> {
  if (Object.getOwnPropertySymbols(fields).length > 0) throw refused(walk, 'has a key that is a symbol')
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    if (value === undefined && walk.skipsUndefined) continue
    walk.path.push(key)
    checkKey(key, walk)
    walk.onName?.(key, walk.path)
    copy[key.startsWith('$') ? `$${key}` : key] = plain(value, walk)
    walk.path.pop()
  }
  return copy
}

function checkKey(key: string, walk: Walk): void {
  count(key.length, walk)
  if (UNSAFE_KEYS.has(key)) throw refused(walk, 'has a name that is not allowed')
  if (!key.isWellFormed()) throw refused(walk, 'has a name that is not well-formed Unicode')
  if (walk.refusesNul && key.includes('\0'))
    throw refused(walk, 'has a name with U+0000, which no archive can hold')
}

function plainDate(date: Date, walk: Walk): unknown {
  assertMadeBy(Date, date, walk)
  const at = date.getTime()
  if (Number.isNaN(at)) throw refused(walk, 'is an invalid date')
  return { $date: at }
}

/** A Buffer is a Uint8Array in all but its methods, and comes back as one. */
function plainBytes(bytes: Uint8Array, walk: Walk): unknown {
  if (!Buffer.isBuffer(bytes)) assertMadeBy(Uint8Array, bytes, walk)
  count(bytes.byteLength, walk)
  return walk.bytesAsText ? { $bytes: Buffer.from(bytes).toString('base64') } : Uint8Array.from(bytes)
}

/** An instance of a subclass would come back without its class. */
function assertMadeBy(maker: { readonly prototype: object }, value: object, walk: Walk): void {
  if (Object.getPrototypeOf(value) !== maker.prototype) throw notPlain(value, walk)
}

function count(bytes: number, walk: Walk): void {
  walk.bytes += bytes
  if (walk.bytes > walk.maxBytes) {
    const detail = `It has at least ${walk.bytes} bytes up to ${pathText(walk.path)}; the limit is ${walk.maxBytes}.`
    throw new SessionError('DATA_TOO_LARGE', detail)
  }
}

function refused(walk: Walk, why: string): SessionError {
  return new SessionError('DATA_REFUSED', `${pathText(walk.path)} ${why}.`)
}

function notPlain(value: object, walk: Walk): SessionError {
  const maker: unknown = value.constructor
  const name = typeof maker === 'function' ? maker.name.slice(0, 40) : ''
  return refused(walk, `is an instance of ${name || 'a class'}`)
}

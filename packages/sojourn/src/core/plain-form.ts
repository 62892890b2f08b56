import { SessionError } from './errors.ts'

/**
 * The plain form of session data: what MessagePack or JSON can hold, with tags for the rest. A tag is an
 * object with one key that starts with `$`; keys of the data that start with `$` are written with one more.
 * Taking the form copies every value exactly once, so getters and proxies cannot show two faces, and later
 * changes by the caller do not reach the store (CONTRACTS L6, SECURITY N5–N10).
 */

export const DEPTH_LIMIT = 32
export const NODE_LIMIT = 10_000
/** Keys that turn into prototypes when somebody assigns them carelessly (SECURITY N5). */
const UNSAFE_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

interface Walk {
  /** Whether the format holds dates, big integers, bytes and every number by itself. */
  readonly native: boolean
  readonly maxBytes: number
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
export function toPlainForm(data: unknown, options: { native: boolean; maxBytes: number }): unknown {
  return plain(data, { ...options, ancestors: [], path: [], nodes: 0, bytes: 0 })
}

function plain(value: unknown, walk: Walk): unknown {
  walk.nodes += 1
  if (walk.nodes > NODE_LIMIT) throw refused(walk, `is more than ${NODE_LIMIT} values`)
  switch (typeof value) {
    case 'string':
      return plainText(value, walk)
    case 'number':
      return plainNumber(value, walk)
    case 'boolean':
      return value
    case 'bigint':
      return walk.native ? value : { $bigint: String(value) }
    case 'object':
      return value === null ? null : plainObject(value, walk)
    default:
      throw refused(
        walk,
        `is ${typeof value === 'undefined' ? 'undefined; use null or delete it' : `a ${typeof value}`}`,
      )
  }
}

function plainText(text: string, walk: Walk): string {
  count(text.length, walk)
  if (!text.isWellFormed()) throw refused(walk, 'is not well-formed Unicode')
  return text
}

function plainNumber(value: number, walk: Walk): unknown {
  if (Object.is(value, -0)) return { $number: '-0' }
  if (walk.native || Number.isFinite(value)) return value
  return { $number: String(value) }
}

function plainObject(value: object, walk: Walk): unknown {
  if (value instanceof Date) return plainDate(value, walk)
  if (value instanceof Uint8Array) return plainBytes(value, walk)
  if (walk.ancestors.includes(value)) throw refused(walk, 'is a cycle')
  if (walk.ancestors.length >= DEPTH_LIMIT) throw refused(walk, `is deeper than ${DEPTH_LIMIT} levels`)
  walk.ancestors.push(value)
  const form = plainContainer(value, walk)
  walk.ancestors.pop()
  return form
}

function plainContainer(value: object, walk: Walk): unknown {
  if (Array.isArray(value)) return plainItems(value, walk)
  if (value instanceof Set) return { $set: plainItems([...value], walk) }
  if (value instanceof Map) return { $map: plainItems([...value].flat(1), walk) }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return plainFields(value, walk)
  throw refused(walk, `is an instance of ${nameOf(value)}`)
}

function plainItems(items: readonly unknown[], walk: Walk): unknown[] {
  const copy: unknown[] = []
  for (let index = 0; index < items.length; index += 1) {
    walk.path.push(index)
    copy.push(plain(items[index], walk))
    walk.path.pop()
  }
  return copy
}

function plainFields(value: object, walk: Walk): Record<string, unknown> {
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused(walk, 'has a key that is a symbol')
  const copy: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    walk.path.push(key)
    if (UNSAFE_KEYS.has(key)) throw refused(walk, 'has a name that is not allowed')
    plainText(key, walk)
    copy[key.startsWith('$') ? `$${key}` : key] = plain(field, walk)
    walk.path.pop()
  }
  return copy
}

function plainDate(date: Date, walk: Walk): unknown {
  const at = date.getTime()
  if (Number.isNaN(at)) throw refused(walk, 'is an invalid date')
  return walk.native ? new Date(at) : { $date: at }
}

function plainBytes(bytes: Uint8Array, walk: Walk): unknown {
  count(bytes.byteLength, walk)
  return walk.native ? Uint8Array.from(bytes) : { $bytes: Buffer.from(bytes).toString('base64') }
}

function count(bytes: number, walk: Walk): void {
  walk.bytes += bytes
  if (walk.bytes > walk.maxBytes) {
    throw new SessionError('DATA_TOO_LARGE', `It has more than ${walk.maxBytes} bytes, at ${pathText(walk)}.`)
  }
}

function refused(walk: Walk, why: string): SessionError {
  return new SessionError('DATA_REFUSED', `${pathText(walk)} ${why}.`)
}

function pathText(walk: Walk): string {
  const steps = walk.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step.slice(0, 40)}`))
  return `data${steps.join('')}`
}

function nameOf(value: object): string {
  const maker: unknown = value.constructor
  return typeof maker === 'function' ? maker.name.slice(0, 40) || 'a class' : 'a class'
}

import { types } from 'node:util'
import { pathText } from './data-path.ts'
import { SessionError } from './errors.ts'
import { DEPTH_LIMIT, NODE_LIMIT, UNSAFE_KEYS } from './plain-form.ts'
import { withoutMessage } from './schema.ts'

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Data of a foreign session: JSON with a key for each field. */
export type JsonObject = Readonly<Record<string, Json>>

interface Walk {
  readonly path: (string | number)[]
  readonly ancestors: object[]
  nodes: number
}

/**
 * A copy of `data` as JSON would bring it back: fields that are undefined are left out, and `toJSON` is asked, so that
 * a date becomes its text. Taken at once, because callers hand over objects that live on (CONTRACTS L6). What JSON
 * would lose or damage is refused (CONTRACTS L12).
 * @throws SessionError `DATA_REFUSED` with the path to the value
 */
export function jsonCopy(data: unknown): JsonObject {
  const walk = { path: [], ancestors: [], nodes: 0 }
  const copy = copyOf(asJson(data, '', walk), walk)
  if (isJsonObject(copy)) return copy
  throw refused(walk, 'is no object')
}

/** Whether two values are the same JSON; the order of keys does not count. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((x, i) => sameJson(x, b[i]))
  if (!isPlainObject(a) || !isPlainObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  )
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

export function isJsonObject(copy: Json | undefined): copy is JsonObject {
  return typeof copy === 'object' && copy !== null && !Array.isArray(copy)
}

/** What the value says of itself: `toJSON`, as `JSON.stringify` would call it. */
function asJson(value: unknown, key: string, walk: Walk): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (types.isDate(value) && Number.isNaN(value.getTime())) throw refused(walk, 'is an invalid date')
  const toJson: unknown = Reflect.get(value, 'toJSON')
  if (typeof toJson !== 'function') return value
  return answerOf(() => Reflect.apply(toJson, value, [key]), walk)
}

function answerOf(ask: () => unknown, walk: Walk): unknown {
  try {
    return ask()
  } catch (error) {
    throw refused(walk, 'has a toJSON that throws', { cause: withoutMessage(error) })
  }
}

function copyOf(value: unknown, walk: Walk): Json {
  walk.nodes += 1
  if (walk.nodes > NODE_LIMIT) throw refused(walk, `is value ${walk.nodes}; the limit is ${NODE_LIMIT}`)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return finite(value, walk)
    case 'object':
      return value === null ? null : copyOfObject(value, walk)
    default:
      throw refused(walk, typeof value === 'undefined' ? 'is undefined' : `is a ${typeof value}`)
  }
}

/** JSON has one zero. */
function finite(value: number, walk: Walk): number {
  if (Number.isFinite(value)) return value + 0
  throw refused(walk, `is ${value}`)
}

function copyOfObject(value: object, walk: Walk): Json {
  if (loses(value)) throw refused(walk, `is an instance of ${className(value)}`)
  if (walk.ancestors.includes(value)) throw refused(walk, 'is a cycle')
  const level = walk.ancestors.push(value)
  if (level > DEPTH_LIMIT) throw refused(walk, `is at level ${level}; the limit is ${DEPTH_LIMIT}`)
  const copy = Array.isArray(value) ? itemsOf(value, walk) : fieldsOf(value, walk)
  walk.ancestors.pop()
  return copy
}

function itemsOf(items: readonly unknown[], walk: Walk): Json[] {
  const copy: Json[] = []
  for (let index = 0; index < items.length; index += 1) {
    walk.path.push(index)
    copy.push(copyOf(asJson(items[index], String(index), walk), walk))
    walk.path.pop()
  }
  return copy
}

function fieldsOf(value: object, walk: Walk): JsonObject {
  if (hasSymbols(value)) throw refused(walk, 'has a key that is a symbol')
  const copy: Record<string, Json> = {}
  for (const key of Object.keys(value)) {
    walk.path.push(key)
    if (UNSAFE_KEYS.has(key)) throw refused(walk, 'has a name that is not allowed')
    const field = asJson(Reflect.get(value, key), key, walk)
    if (field !== undefined) copy[key] = copyOf(field, walk)
    walk.path.pop()
  }
  return copy
}

/** What is hidden is not data. */
function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  )
}

/** Of these JSON keeps an empty object, or numbers by index. */
function loses(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isPromise(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value) ||
    types.isBoxedPrimitive(value) ||
    types.isGeneratorObject(value)
  )
}

function className(value: object): string {
  const maker: unknown = value.constructor
  return (typeof maker === 'function' && maker.name.slice(0, 40)) || 'a class'
}

function refused(walk: Walk, why: string, options?: ErrorOptions): SessionError {
  return new SessionError('DATA_REFUSED', `${pathText(walk.path)} ${why}.`, options)
}

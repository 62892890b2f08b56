import { SessionError } from './errors.ts'
import { DEPTH_LIMIT, isStorableBigint, NODE_LIMIT, UNSAFE_KEYS } from './plain-form.ts'

interface Walk {
  readonly freeze: boolean
  nodes: number
  /** Whether all of it can be frozen so far. */
  isFreezable: boolean
}

/** Data as a reader gets it. */
export interface FrozenData {
  readonly data: unknown
  /** Whether nothing in it can change. Dates, bytes, maps and sets cannot be frozen, so that two readers must not share them. */
  readonly isShareable: boolean
  /** How many values it has. */
  readonly nodes: number
}

const NUMBERS = new Map([
  ['-0', -0],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])
/** As many decimal digits as the largest big integer has that is stored. */
const BIGINT = /^-?[0-9]{1,309}$/

/**
 * Makes data out of its plain form, in place, open for a recipe's draft. The bytes may be hostile, so whatever
 * `toPlainForm` would not have written is refused: what comes out can be stored again (SECURITY N7, T80).
 * @throws SessionError `RECORD_UNREADABLE`
 */
export function openFrom(form: unknown): unknown {
  return dataOf(form, { freeze: false, nodes: 0, isFreezable: true }, 1)
}

/**
 * The same, frozen for readers.
 * @throws SessionError `RECORD_UNREADABLE`
 */
export function frozenFrom(form: unknown): FrozenData {
  const walk = { freeze: true, nodes: 0, isFreezable: true }
  const data = dataOf(form, walk, 1)
  return { data, isShareable: walk.isFreezable, nodes: walk.nodes }
}

/** `level` is that of the value, should it be one that holds others. */
function dataOf(form: unknown, walk: Walk, level: number): unknown {
  walk.nodes += 1
  if (walk.nodes > NODE_LIMIT) throw unreadable('too many values')
  switch (typeof form) {
    case 'string':
      return checkedText(form)
    case 'number':
    case 'boolean':
      return form
    case 'object':
      return form === null ? null : objectOf(form, walk, level)
    default:
      throw unreadable('a value of an unknown kind')
  }
}

function checkedText(text: string): string {
  if (text.isWellFormed()) return text
  throw unreadable('text that is not well-formed')
}

function objectOf(form: object, walk: Walk, level: number): unknown {
  // A copy, because decoders hand out views of larger buffers (SECURITY N7, N23).
  if (form instanceof Uint8Array) return open(Uint8Array.from(form), walk)
  if (Array.isArray(form)) return frozen(itemsOf(form, walk, level), walk)
  if (isFields(form)) return fieldsOf(form, walk, level)
  throw unreadable('a value of an unknown kind')
}

function isFields(form: object): form is Record<string, unknown> {
  return Object.getPrototypeOf(form) === Object.prototype
}

function itemsOf(items: unknown[], walk: Walk, level: number): unknown[] {
  checkLevel(level)
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index]
    const value = dataOf(item, walk, level + 1)
    // Most values are what they look like, and storing one costs more than comparing it.
    if (value !== item) items[index] = value
  }
  return items
}

function fieldsOf(form: Record<string, unknown>, walk: Walk, level: number): unknown {
  const keys = Object.keys(form)
  if (keys.some((key) => key.startsWith('$'))) return taggedOf(form, keys, walk, level)
  checkLevel(level)
  for (const key of keys) {
    const field = form[checkedKey(key)]
    const value = dataOf(field, walk, level + 1)
    if (value !== field) form[key] = value
  }
  return frozen(form, walk)
}

function taggedOf(
  form: Record<string, unknown>,
  keys: readonly string[],
  walk: Walk,
  level: number,
): unknown {
  const [tag = ''] = keys
  if (keys.length === 1 && !tag.startsWith('$$')) return untagged(tag, form[tag], walk, level)
  checkLevel(level)
  const fields = keys.map((key) => [unescaped(checkedKey(key)), dataOf(form[key], walk, level + 1)])
  return frozen(Object.fromEntries(fields), walk)
}

function checkedKey(key: string): string {
  if (UNSAFE_KEYS.has(key)) throw unreadable('a name that is not allowed')
  return checkedText(key)
}

function unescaped(key: string): string {
  if (!key.startsWith('$')) return key
  if (!key.startsWith('$$')) throw unreadable('an unknown tag')
  return key.slice(1)
}

function untagged(tag: string, content: unknown, walk: Walk, level: number): unknown {
  if (tag === '$map' && Array.isArray(content)) {
    return open(new Map(pairsOf(itemsOf(content, walk, level))), walk)
  }
  if (tag === '$set' && Array.isArray(content)) return open(new Set(itemsOf(content, walk, level)), walk)
  if (tag === '$date' && typeof content === 'number') return open(dateOf(content), walk)
  if (typeof content !== 'string') throw unreadable('an unknown tag')
  if (tag === '$number') return numberOf(content)
  if (tag === '$bigint' && BIGINT.test(content)) return bigintOf(content)
  if (tag === '$bytes') return open(Uint8Array.from(Buffer.from(content, 'base64')), walk)
  throw unreadable('an unknown tag')
}

function pairsOf(items: readonly unknown[]): [unknown, unknown][] {
  if (items.length % 2 === 1) throw unreadable('a map with half an entry')
  const pairs: [unknown, unknown][] = []
  for (let index = 0; index < items.length; index += 2) pairs.push([items[index], items[index + 1]])
  return pairs
}

function dateOf(at: number): Date {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) throw unreadable('an invalid date')
  return date
}

function numberOf(text: string): number {
  const number = NUMBERS.get(text)
  if (number === undefined) throw unreadable('an unknown number')
  return number
}

function bigintOf(text: string): bigint {
  const value = BigInt(text)
  if (!isStorableBigint(value)) throw unreadable('a bigint that is too large')
  return value
}

function checkLevel(level: number): void {
  if (level > DEPTH_LIMIT) throw unreadable('values that are nested too deeply')
}

function frozen<T>(value: T, walk: Walk): T {
  return walk.freeze ? Object.freeze(value) : value
}

/** Notes a value that stays open, whatever is frozen around it. */
function open<T>(value: T, walk: Walk): T {
  walk.isFreezable = false
  return value
}

function unreadable(what: string): SessionError {
  return new SessionError('RECORD_UNREADABLE', `Its data holds ${what}.`)
}

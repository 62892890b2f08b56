import { SessionError } from './errors.ts'

/** How a decoded tree becomes data: frozen for a reader, open for a recipe's draft. */
export interface FromPlain {
  readonly freeze: boolean
}

/**
 * Makes data out of its plain form, in place. The bytes may be hostile, so everything that the plain form
 * cannot hold is refused, such as regular expressions and errors that a decoder revives (SECURITY N7).
 * @throws SessionError `RECORD_UNREADABLE`
 */
export function fromPlainForm(form: unknown, how: FromPlain): unknown {
  switch (typeof form) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return form
    case 'object':
      return form === null ? null : objectOf(form, how)
    default:
      throw unreadable()
  }
}

function objectOf(form: object, how: FromPlain): unknown {
  if (Array.isArray(form)) return frozen(itemsOf(form, how), how)
  if (form instanceof Date) return form
  // A copy, because decoders hand out views of larger buffers (SECURITY N7, N23).
  if (form instanceof Uint8Array) return Uint8Array.from(form)
  if (isPlainObject(form)) return fieldsOf(form, how)
  throw unreadable()
}

function isPlainObject(form: object): form is Record<string, unknown> {
  return Object.getPrototypeOf(form) === Object.prototype
}

function itemsOf(items: unknown[], how: FromPlain): unknown[] {
  for (let index = 0; index < items.length; index += 1) items[index] = fromPlainForm(items[index], how)
  return items
}

function fieldsOf(form: Record<string, unknown>, how: FromPlain): unknown {
  const keys = Object.keys(form)
  if (keys.some((key) => key.startsWith('$'))) return taggedOf(form, keys, how)
  for (const key of keys) form[key] = fromPlainForm(form[key], how)
  return frozen(form, how)
}

function taggedOf(form: Record<string, unknown>, keys: readonly string[], how: FromPlain): unknown {
  const [tag = ''] = keys
  if (keys.length === 1 && !tag.startsWith('$$')) return untagged(tag, form[tag], how)
  const fields = keys.map((key) => [unescaped(key), fromPlainForm(form[key], how)])
  return frozen(Object.fromEntries(fields), how)
}

function unescaped(key: string): string {
  if (!key.startsWith('$')) return key
  if (!key.startsWith('$$')) throw unreadable()
  return key.slice(1)
}

function untagged(tag: string, content: unknown, how: FromPlain): unknown {
  if (tag === '$map' && Array.isArray(content)) return new Map(pairsOf(itemsOf(content, how)))
  if (tag === '$set' && Array.isArray(content)) return new Set(itemsOf(content, how))
  if (tag === '$date' && typeof content === 'number') return new Date(content)
  if (typeof content !== 'string') throw unreadable()
  if (tag === '$number') return Number(content)
  if (tag === '$bytes') return Uint8Array.from(Buffer.from(content, 'base64'))
  if (tag === '$bigint' && /^-?[0-9]{1,20000}$/.test(content)) return BigInt(content)
  throw unreadable()
}

function pairsOf(items: readonly unknown[]): [unknown, unknown][] {
  const pairs: [unknown, unknown][] = []
  for (let index = 0; index + 1 < items.length; index += 2) pairs.push([items[index], items[index + 1]])
  return pairs
}

function frozen<T>(value: T, how: FromPlain): T {
  return how.freeze ? Object.freeze(value) : value
}

function unreadable(): SessionError {
  return new SessionError('RECORD_UNREADABLE', 'Its data holds a value of an unknown kind.')
}

import { inspect } from 'node:util'

/** How secret bytes or text could show in something that is printed, stored or sent. */
export function spellingsOf(secret: string | Uint8Array): string[] {
  const texts = typeof secret === 'string' ? [secret, ...spellingsOf(Buffer.from(secret, 'base64url'))] : []
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  return [
    ...texts,
    hex,
    hex.toUpperCase(),
    hex.replace(/..(?=.)/g, '$& '),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('latin1'),
    encodeURIComponent(bytes.toString('base64')),
    [...bytes].join(','),
    [...bytes].join(', '),
  ]
}

/** Everything that a reader of this value could get to see of it. */
export function outputsOf(value: unknown): string {
  const options = {
    depth: Number.POSITIVE_INFINITY,
    showHidden: true,
    maxArrayLength: null,
    breakLength: 1e9,
  }
  const output = [
    inspect(value, options),
    inspect(value, { ...options, showHidden: false, compact: false }),
    jsonOf(value),
    stringOf(value),
    inspect(cloneOf(value), options),
    ...bytesIn(value),
  ].join('\n')
  // Numbers are printed in columns.
  return output + output.replace(/\s+/g, '')
}

/** The secrets that show in what was put out. */
export function leaks(output: string, secrets: readonly (string | Uint8Array)[]): string[] {
  return secrets.flatMap((secret) => spellingsOf(secret).filter((spelling) => output.includes(spelling)))
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item)) ?? ''
}

/** An object without a prototype has no text. */
function stringOf(value: unknown): string {
  return typeof value === 'object' && value !== null && !('toString' in value) ? '' : String(value)
}

function cloneOf(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return null
  }
}

/** Every text and every buffer in it as it is, because inspection escapes and formats them. */
function bytesIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('latin1'), [...value].join(',')]
  if (typeof value !== 'object' || value === null) return []
  const held =
    value instanceof Map || value instanceof Set ? [...value.entries()].flat() : Object.values(value)
  return held.flatMap(bytesIn)
}

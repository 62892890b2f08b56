import { NONE, type Reading, SEVERAL } from './reading.ts'

const EQUALS = '='
const SPACE = 0x20
const TAB = 0x09

/**
 * The value of the cookie of exactly this name in a `Cookie` header. Nothing is decoded, unquoted or folded,
 * and only space and tab around a pair are dropped, so that a name which merely looks like ours after some
 * normalisation never passes for it (SECURITY T18; advisories V47, V48). Twice with one value is one; twice
 * with different values is `several` (T19).
 */
export function readCookie(header: string | undefined, name: string): Reading {
  let reading = NONE
  for (const pair of (header ?? '').split(';')) {
    const text = withoutBlanks(pair)
    const equals = text.indexOf(EQUALS)
    if (equals !== name.length || !text.startsWith(name)) continue
    const value = text.slice(equals + 1)
    if (reading.found === 'one' && reading.value !== value) return SEVERAL
    reading = { found: 'one', value }
  }
  return reading
}

/** `trim()` would also drop U+00A0 and U+FEFF, which makes `\u00a0__Host-id` our name (SECURITY N11). */
function withoutBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

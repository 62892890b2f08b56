import { NODE_LIMIT } from './plain-form.ts'

/** Two levels for each of the 32 of the data, and some for the fields around it. */
const LEVEL_LIMIT = 70
/** Each value of the data takes at most a name, a tag and a list besides itself; some stand around it. */
const VALUE_LIMIT = 4 * NODE_LIMIT + 100
/** The one first byte that MessagePack gives no meaning. */
const NEVER_USED = 0xc1
const REFUSED = -1

/** What follows the first byte of a value. */
interface Rule {
  /** How many bytes hold the length; 0 when it is `length`. */
  readonly width: 0 | 1 | 2 | 4
  readonly length: number
  /** How many values a unit of the length stands for: 1 in arrays, 2 in maps, 0 where it counts bytes. */
  readonly values: 0 | 1 | 2
}

const bytes = (length: number): Rule => ({ width: 0, length, values: 0 })
const sized = (width: 1 | 2 | 4, values: 0 | 1 | 2 = 0): Rule => ({ width, length: 0, values })

const RULES_BY_NAME = new Map([
  [0xc0, bytes(0)], // null
  [0xc2, bytes(0)], // false
  [0xc3, bytes(0)], // true
  [0xc4, sized(1)], // bytes
  [0xc5, sized(2)],
  [0xc6, sized(4)],
  [0xcb, bytes(8)], // float
  [0xcc, bytes(1)], // unsigned integers
  [0xcd, bytes(2)],
  [0xce, bytes(4)],
  [0xd0, bytes(1)], // signed integers
  [0xd1, bytes(2)],
  [0xd2, bytes(4)],
  [0xd9, sized(1)], // strings
  [0xda, sized(2)],
  [0xdb, sized(4)],
  [0xdc, sized(2, 1)], // arrays
  [0xdd, sized(4, 1)],
  [0xde, sized(2, 2)], // maps
  [0xdf, sized(4, 2)],
])
const RULES = Array.from({ length: 256 }, (_, token) => ruleOf(token))
/** By first byte, the size of a value that needs no second look, such as a short string; 0 for the others. */
const SIZES = Uint8Array.from(RULES, (rule) => (rule?.width === 0 && rule.values === 0 ? 1 + rule.length : 0))

function ruleOf(token: number): Rule | null {
  if (token < 0x80 || token >= 0xe0) return bytes(0)
  if (token < 0x90) return { width: 0, length: token & 0x0f, values: 2 }
  if (token < 0xa0) return { width: 0, length: token & 0x0f, values: 1 }
  if (token < 0xc0) return bytes(token & 0x1f)
  return RULES_BY_NAME.get(token) ?? null
}

interface Scan {
  readonly source: Buffer
  /** How many more values there may be. */
  left: number
}

/**
 * Whether bytes are one whole MessagePack value of the few kinds that the plain form needs, neither too deep
 * nor too many. The decoder knows extensions that make code out of field names, cycles, and copies without
 * end: a hostile record must not reach them (SECURITY N7, T160).
 */
export function isStrictMessagePack(source: Buffer): boolean {
  return endOf({ source, left: VALUE_LIMIT }, 0, 0) === source.length
}

/** Where the value that starts at `position` ends; `REFUSED` when it is none, or not whole. */
function endOf(scan: Scan, position: number, level: number): number {
  const { source } = scan
  const rule = RULES[source[position] ?? NEVER_USED]
  const start = position + 1 + (rule?.width ?? 0)
  if (!rule || level > LEVEL_LIMIT || start > source.length) return REFUSED
  const length = rule.width === 0 ? rule.length : source.readUIntBE(position + 1, rule.width)
  return rule.values === 0 ? start + length : endOfAll(scan, start, length * rule.values, level + 1)
}

/** Where so many values end that start at `position`. */
function endOfAll(scan: Scan, position: number, count: number, level: number): number {
  const { source } = scan
  scan.left -= count
  if (scan.left < 0) return REFUSED
  let end = position
  for (let index = 0; index < count && end !== REFUSED; index += 1) {
    const size = SIZES[source[end] ?? NEVER_USED] ?? 0
    end = size > 0 ? end + size : endOf(scan, end, level)
  }
  return end
}

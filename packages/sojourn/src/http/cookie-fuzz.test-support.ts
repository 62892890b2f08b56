/** Random numbers that a seed repeats. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export interface FuzzedHeader {
  readonly header: string
  /** Whether the header names the session, by how it was put together. */
  readonly names: boolean
}

interface Part {
  readonly text: string
  /** The value that the part gives our cookie; null when it is not our cookie. */
  readonly value: string | null
}

const NAME = '__Host-id'
const BLANKS = ['', '', '', ' ', '  ', '\t', ' \t ']
/** Every byte that Node lets through in a header, but the semicolon. */
const BYTES = [0x09, ...range(0x20, 0x7e), ...range(0x80, 0xff)].filter((byte) => byte !== 0x3b)
const LOOKALIKES: readonly ((token: string) => string)[] = [
  (token) => `\u00a0${NAME}=${token}`,
  (token) => `${NAME}\u00a0=${token}`,
  (token) => `${NAME} =${token}`,
  (token) => `\u00ef\u00bb\u00bf${NAME}=${token}`,
  (token) => `%5F%5FHost-id=${token}`,
  (token) => `=${NAME}=${token}`,
  (token) => `"${NAME}"=${token}`,
  (token) => `__host-id=${token}`,
  (token) => `__HOST-ID=${token}`,
  (token) => `a, ${NAME}=${token}`,
  (token) => `${NAME}${token}`,
  (token) => `${NAME}.0=${token}`,
  () => NAME,
  (token) => `id=${token}`,
]
const OTHER_VALUES: readonly ((token: string) => string)[] = [
  () => '',
  (token) => `"${token}"`,
  (token) => `${token}=`,
  (token) => `${token}\u00a0`,
  (token) => ` ${token}`,
  (token) => token.slice(1),
  (token) => `${token}A`,
  (token) => token.toLowerCase(),
  (token) => `${token},${token}`,
  (token) => `%${token.slice(1)}`,
  () => 'A'.repeat(48),
  (token) => `${NAME}=${token}`,
]

/** A cookie header that a browser would never send, and whether it still names the session of `token`. */
export function fuzzedHeader(token: string, random: (below: number) => number): FuzzedHeader {
  const count = random(500) === 0 ? 700 : 1 + random(6)
  const parts = Array.from({ length: count }, () => partOf(token, random))
  const values = new Set(parts.flatMap(({ value }) => (value === null ? [] : [value])))
  const blank = () => BLANKS[random(BLANKS.length)] ?? ''
  const header = parts.map(({ text }) => `${blank()}${text}${blank()}`).join(';')
  return { header, names: values.size === 1 && values.has(token) }
}

function partOf(token: string, random: (below: number) => number): Part {
  const kind = random(10)
  if (kind < 3) return { text: `${NAME}=${token}`, value: token }
  if (kind < 4) {
    const value = OTHER_VALUES[random(OTHER_VALUES.length)]?.(token) ?? ''
    return { text: `${NAME}=${value}`, value }
  }
  if (kind < 6) return { text: LOOKALIKES[random(LOOKALIKES.length)]?.(token) ?? '', value: null }
  const noise = Array.from({ length: random(20) }, () => BYTES[random(BYTES.length)] ?? 0x20)
  return { text: `x${String.fromCharCode(...noise)}`, value: null }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

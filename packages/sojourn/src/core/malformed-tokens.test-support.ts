import { Chance } from './scheduler.test-support.ts'
import { TOKEN_LENGTH } from './token.ts'

const LEGAL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Characters that some decoder somewhere skips, folds or takes for a legal one. */
const ILLEGAL = [
  ...'=+/ .,;:\'"%&?#\0\t\r\n\v\f\b\u007f@$*~!|\\^`<>(){}[]',
  ...'\u00a0\ufeff\u2028\u200b\u0141\u0441\u212a\u017f\uff21éñ中',
  '\ud800',
  '\udc00',
  '😀',
]
const NEVER_TEXT: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => 0,
  () => Number.NaN,
  () => 48n,
  () => Symbol('token'),
  () => legal(TOKEN_LENGTH, new Chance(1)).split(''),
  () => [legal(TOKEN_LENGTH, new Chance(2))],
  () => Object(legal(TOKEN_LENGTH, new Chance(3))),
  () => Buffer.from(legal(TOKEN_LENGTH, new Chance(4))),
  () => ({ length: TOKEN_LENGTH, toString: () => legal(TOKEN_LENGTH, new Chance(5)) }),
  () => ({ length: TOKEN_LENGTH, slice: () => legal(16, new Chance(6)) }),
  () => () => legal(TOKEN_LENGTH, new Chance(7)),
  () => new Map([['id', 'x']]),
  () => Object.create(null),
  () => new Proxy({}, { get: () => TOKEN_LENGTH }),
]

/** Legal characters to cut pieces from. */
const POOL = poolOf(new Chance(42), 2 ** 16)

function poolOf(chance: Chance, length: number): string {
  return Array.from({ length }, () => LEGAL.charAt(chance.below(LEGAL.length))).join('')
}

export function legal(length: number, chance: Chance): string {
  const start = chance.below(POOL.length - length)
  return POOL.slice(start, start + length)
}

type Kind = (token: string, chance: Chance) => unknown

const KINDS: readonly Kind[] = [
  (_, chance) => legal(otherLength(chance), chance),
  withCharacter,
  withCharacter,
  (token, chance) => `${token}${chance.pick(ILLEGAL)}`,
  (token, chance) => `${chance.pick(ILLEGAL)}${token}`,
  (token, chance) =>
    chance.pick([` ${token}`, `${token} `, `${token}\n`, `"${token}"`, `'${token}'`, `<${token}>`]),
  (token, chance) => chance.pick([`Bearer ${token}`, `${token}==`, `${token}.${token}`, token + token]),
  (token, chance) => chance.pick([token.slice(1), `${token}A`, token.slice(0, 16), token.slice(16), '']),
  (token, chance) => (chance.below(20) === 0 ? encoded(token) : `${token}%00`),
  (_, chance) => chance.pick(NEVER_TEXT)?.(),
]

/** Something that is no token, though most of these look like one (SECURITY F2). */
export function malformedToken(chance: Chance): unknown {
  return chance.pick(KINDS)?.(legal(TOKEN_LENGTH, chance), chance)
}

function otherLength(chance: Chance): number {
  const length = chance.below(200)
  return length >= TOKEN_LENGTH ? length + 1 : length
}

function withCharacter(token: string, chance: Chance): string {
  const at = chance.below(TOKEN_LENGTH)
  return token.slice(0, at) + chance.pick(ILLEGAL) + token.slice(at + 1)
}

function encoded(token: string): string {
  return [...token].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('')
}

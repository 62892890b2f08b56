import { describe, expect, test } from 'vitest'
import { readCookie } from './cookie-header.ts'
import type { Reading } from './reading.ts'

const NAME = '__Host-id'
const TOKEN = 'A'.repeat(48)

/** Headers in which a name merely looks like ours, or ours is not in its one spelling. */
const LOOKALIKES = [
  ['a no-break space before the name', `\u00a0${NAME}=${TOKEN}`],
  ['a byte order mark before the name', `\ufeff${NAME}=${TOKEN}`],
  ['a no-break space behind the name', `${NAME}\u00a0=${TOKEN}`],
  ['a space behind the name', `${NAME} =${TOKEN}`],
  ['a vertical tab before the name', `\u000b${NAME}=${TOKEN}`],
  ['a percent-encoded name', `%5F%5FHost-id=${TOKEN}`],
  ['a nameless cookie', `=${NAME}=${TOKEN}`],
  ['a nameless cookie without an equals sign', `${NAME}`],
  ['another case', `__host-id=${TOKEN}`],
  ['a quoted name', `"${NAME}"=${TOKEN}`],
  ['a longer name', `x${NAME}=${TOKEN}`],
  ['a name with a suffix', `${NAME}2=${TOKEN}`],
  ['the name in a quoted value', `a="b; c=${NAME}=${TOKEN}"`],
  ['the name behind a comma', `a=b, ${NAME}=${TOKEN}`],
  ['the plain name of development', `id=${TOKEN}`],
  ['nothing', ''],
] as const

/** Parsers as they are found elsewhere, each with the mistake that the table must catch. */
const TWINS: Readonly<Record<string, (header: string) => string | null>> = {
  'trims like JavaScript': (header) => firstOf(header, (name) => name.trim()),
  'decodes names': (header) => firstOf(header, (name) => decodeURIComponent(name)),
  'folds case': (header) => firstOf(header, (name) => name.replace(/^__host-/i, '__Host-')),
  'takes the last equals sign': (header) => {
    const pair = header.split(';').find((text) => text.slice(0, text.lastIndexOf('=')).endsWith(NAME))
    return pair?.slice(pair.lastIndexOf('=') + 1) ?? null
  },
}

function firstOf(header: string, normal: (name: string) => string): string | null {
  const pair = header.split(';').find((text) => normal(text.slice(0, text.indexOf('='))) === NAME)
  return pair?.slice(pair.indexOf('=') + 1) ?? null
}

const one = (value: string): Reading => ({ found: 'one', value })

describe('the cookie header', () => {
  test.each([
    ['alone', `${NAME}=${TOKEN}`],
    ['among others', `theme=dark; ${NAME}=${TOKEN}; lang=de`],
    ['without spaces', `a=b;${NAME}=${TOKEN};c=d`],
    ['with tabs and spaces around the pair', `a=b; \t${NAME}=${TOKEN} \t; c=d`],
    ['behind an unclosed quote', `a="b; ${NAME}=${TOKEN}; c=d"`],
    ['behind empty pairs', `;;  ; ${NAME}=${TOKEN}`],
    ['twice with one value', `${NAME}=${TOKEN}; ${NAME}=${TOKEN}`],
  ])('T18: our cookie is found %s', (_how, header) => {
    expect(readCookie(header, NAME)).toEqual(one(TOKEN))
  })

  test.each(LOOKALIKES)('T18: %s is not our cookie', (_how, header) => {
    expect(readCookie(header, NAME)).toEqual({ found: 'none' })
  })

  test('T18: the value is handed on as it is, unquoted by nobody and decoded by nobody', () => {
    expect(readCookie(`${NAME}="${TOKEN}"`, NAME)).toEqual(one(`"${TOKEN}"`))
    expect(readCookie(`${NAME}=%41`, NAME)).toEqual(one('%41'))
    expect(readCookie(`${NAME}= x`, NAME)).toEqual(one(' x'))
    expect(readCookie(`${NAME}=a=b`, NAME)).toEqual(one('a=b'))
  })

  test('T19: our cookie twice with different values is neither of them', () => {
    const other = 'B'.repeat(48)
    expect(readCookie(`${NAME}=${TOKEN}; ${NAME}=${other}`, NAME)).toEqual({ found: 'several' })
    expect(readCookie(`${NAME}=${TOKEN}; ${NAME}=${TOKEN}; ${NAME}=`, NAME)).toEqual({ found: 'several' })
  })

  test.each(Object.entries(TWINS))('the table catches a parser that %s', (_mistake, parse) => {
    expect(LOOKALIKES.some(([, header]) => parse(header) === TOKEN)).toBe(true)
  })

  test('no header is no cookie', () => {
    expect(readCookie(undefined, NAME)).toEqual({ found: 'none' })
  })
})

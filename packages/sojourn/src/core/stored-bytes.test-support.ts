import { Packr } from 'msgpackr'
import { FORMATS } from './envelope.ts'

const NIL = 0xc0
const ONE = 1

/** A record whose data is these bytes of MessagePack. */
export function packed(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const body = parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part))
  return Buffer.concat([Uint8Array.of(FORMATS.messagepack, 0x94, ONE, NIL, NIL), ...body])
}

/** A record whose data is this JSON. */
export function written(json: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(FORMATS.json), Buffer.from(`[1,null,null,${json}]`)])
}

const str = (text: string): Uint8Array => new Packr().pack(text)
const hex = (digits: string): Uint8Array => Buffer.from(digits.replace(/ /g, ''), 'hex')
const times = (count: number, part: Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, () => part))

/** Copies of copies by references: a value of two to the power of `levels` leaves in a few hundred bytes. */
function copiesOfCopies(levels: number): Uint8Array {
  const first = hex('d669 00000000 92 c0 c0')
  const rest = Array.from({ length: levels }, (_, index) => {
    const own = Buffer.of(0xd6, 0x69, 0, 0, 0, index + 1)
    const reference = Buffer.of(0xd6, 0x70, 0, 0, 0, index)
    return Buffer.concat([own, Buffer.of(0x92), reference, reference])
  })
  return Buffer.concat([Buffer.of(0xdc, 0, levels + 1), first, ...rest])
}

/** Records that nobody but an attacker or a broken disk writes, and that must not be read. */
export const UNREADABLE: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['no bytes', new Uint8Array()],
  ['a format and nothing else', Uint8Array.of(FORMATS.messagepack)],
  ['another format and nothing else', Uint8Array.of(FORMATS.json)],
  ['format 0', Uint8Array.of(0, 0x94, ONE, NIL, NIL, NIL)],
  ['format 3, kept for encrypted data', Uint8Array.of(3, 0x94, ONE, NIL, NIL, NIL)],
  ['format 255', Uint8Array.of(255, 0x94, ONE, NIL, NIL, NIL)],
  ['one field less', Uint8Array.of(1, 0x93, ONE, NIL, NIL)],
  ['one field more', Uint8Array.of(1, 0x95, ONE, NIL, NIL, NIL, NIL)],
  ['a map in place of the fields', Uint8Array.of(1, 0x80)],
  ['a version that is text', Buffer.concat([hex('01 94'), str('1'), hex('c0 c0 c0')])],
  ['a version that is no whole number', Buffer.concat([hex('01 94 cb3ff8000000000000 c0 c0 c0')])],
  ['an assurance that is a list', hex('01 94 01 c0 90 c0')],
  ['more than a megabyte', packed(Buffer.concat([hex('c6 00100000'), new Uint8Array(2 ** 20)]))],
  ['a byte too many', packed(NIL, NIL)],
  ['text too many', packed(NIL, str('more'))],
  ['a list of four billion', packed(hex('dd ffffffff'))],
  ['a list of thirty million', packed(hex('dd 01ffffff'), NIL)],
  ['lists of thirty million in each other', packed(times(20, hex('dd 01ffffff')), NIL)],
  ['a map of four billion', packed(hex('df ffffffff'))],
  ['text of four gigabytes', packed(hex('db ffffffff 61'))],
  ['four gigabytes', packed(hex('c6 ffffffff 61'))],
  ['a list that is cut', packed(hex('92 01'))],
  ['text that is cut', packed(hex('a5 61 62'))],
  ['a number that is cut', packed(hex('cb 00 00'))],
  ['a length that is cut', packed(hex('dd 00'))],
  ['33 levels', packed(new Uint8Array(33).fill(0x91), NIL)],
  ['a hundred levels', packed(new Uint8Array(100).fill(0x91), NIL)],
  ['four thousand levels', packed(new Uint8Array(4_000).fill(0x91), NIL)],
  ['a million levels', packed(new Uint8Array(1_000_000).fill(0x91), NIL)],
  ['a million levels of maps', packed(times(300_000, hex('81 a0')), NIL)],
  ['ten thousand and one values', packed(hex('dc 2711'), new Uint8Array(10_001))],
  ['a million values', packed(hex('dd 000f4000'), new Uint8Array(0xf4000))],
  ['a million empty maps', packed(hex('dd 000f4000'), new Uint8Array(0xf4000).fill(0x80))],
  ['a regular expression', packed(hex('d478 00 92 a1 61 a0'))],
  ['an error', packed(hex('d465 00 92'), str('TypeError'), str('x'))],
  ['a set of another making', packed(hex('d473 00 92 01 02'))],
  ['undefined', packed(hex('d400 00'))],
  ['a typed array', packed(hex('c703 74 06 0102'))],
  ['an array buffer', packed(hex('c703 74 10 0102'))],
  ['a timestamp of another making', packed(hex('d6ff 00000001'))],
  ['a big integer of another making', packed(hex('c709 42 010000000000000000'))],
  ['64 bits', packed(hex('cf 0000000000000001'))],
  ['64 bits with a sign', packed(hex('d3 ffffffffffffffff'))],
  ['32 bits of fraction', packed(hex('ca 3f800000'))],
  ['the byte without a meaning', packed(0xc1)],
  ['a record definition, which makes code', packed(hex('d472 40 91 a1 61 01'))],
  ['a record used often', packed(hex('96 d472 40 91 a1 61 01 40 02 40 03 40 04 40 05 40 06'))],
  [
    'a record with a hostile name',
    packed(hex('92 d472 40 91'), str("']:process.exit()}//"), hex('01 40 02')),
  ],
  ['a cycle', packed(hex('d669 00000001 91 d670 00000001'))],
  ['a reference to nothing', packed(hex('d670 00000009'))],
  ['copies of copies', packed(copiesOfCopies(40))],
  ['bundled text', packed(hex('d662 00000006 c1 01 a1 61 a1 62'))],
  ['bundled text that points backwards', packed(hex('d662 ffffff00 c0'))],
  ['a map whose key is a list', packed(hex('81 90 01'))],
  ['a map whose key is a map', packed(hex('81 80 01'))],
  ['the name constructor', packed(hex('81'), str('constructor'), NIL)],
  ['the name prototype', packed(hex('81'), str('prototype'), NIL)],
  ['an unknown tag', packed(hex('81'), str('$regexp'), str('x'))],
  ['an empty tag', packed(hex('81'), str('$'), NIL)],
  ['two tags', packed(hex('82'), str('$date'), ONE, str('$set'), 0x90)],
  ['a tag among fields', packed(hex('82'), str('$date'), ONE, str('a'), ONE)],
  ['a map that is no list', packed(hex('81'), str('$map'), str('ab'))],
  ['a map with half an entry', packed(hex('81'), str('$map'), hex('91 01'))],
  ['a set that is a map', packed(hex('81'), str('$set'), 0x80)],
  ['a date that is text', packed(hex('81'), str('$date'), str('2030-01-01'))],
  ['a date that is NaN', packed(hex('81'), str('$date'), hex('cb 7ff8000000000000'))],
  ['a date after the last one', packed(hex('81'), str('$date'), new Packr().pack(8.64e15 + 1))],
  ['a number with a name of its own', packed(hex('81'), str('$number'), str('0x10'))],
  ['a number that is a prototype’s', packed(hex('81'), str('$number'), str('constructor'))],
  ['a bigint of no digits', packed(hex('81'), str('$bigint'), str(''))],
  ['a bigint in hexadecimal', packed(hex('81'), str('$bigint'), str('0x10'))],
  ['a bigint of a million digits', packed(hex('81'), str('$bigint'), str('9'.repeat(1_000_000)))],
  ['a bigint just too large', packed(hex('81'), str('$bigint'), str(String(2n ** 1_024n)))],
  ['bytes that are a number', packed(hex('81'), str('$bytes'), ONE)],
  ['no JSON', written('{')],
  ['JSON and more', Buffer.concat([written('1'), Buffer.from('1')])],
  ['JSON behind a mark', Buffer.concat([Uint8Array.of(2, 0xef, 0xbb, 0xbf), written('1').subarray(1)])],
  ['JSON with a name that becomes a prototype', written('{"__proto__":{"polluted":1}}')],
  ['JSON with such a name beside a tag', written('{"__proto__":{"polluted":1},"$$a":1}')],
  ['JSON with the name constructor', written('{"constructor":{"prototype":{"polluted":1}}}')],
  ['JSON with half a character', written('"\\ud800"')],
  ['JSON with half a character in a name', written('{"\\udc00":1}')],
  ['JSON of 33 levels', written('['.repeat(33) + ']'.repeat(33))],
  ['JSON of a hundred thousand levels', written('['.repeat(100_000) + ']'.repeat(100_000))],
  [
    'JSON of a hundred thousand levels of tags',
    written(`${'{"$set":['.repeat(100_000)}${']}'.repeat(100_000)}`),
  ],
  ['JSON of half a million values', written(`[${'[],'.repeat(300_000)}1]`)],
  ['JSON with a date without end', written('{"$date":1e400}')],
  ['JSON with an unknown tag', written('{"$":{"$":1}}')],
]

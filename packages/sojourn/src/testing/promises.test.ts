import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { conformance } from './index.ts'

/** What the port says that is no promise of an engine, and so no case: each with the reason. */
const NO_PROMISE: Readonly<Record<string, string>> = {
  'What `due` hands out.': 'a title',
  'When it rejects, some of them may be settled.': 'binds the caller',
  'What sojourn asks of a storage engine: eleven methods, none optional.': 'the type says so',
  'What `scan` hands out.': 'a title',
  'A page with fewer records, even with none, need not be the last.': 'binds the caller',
  'A page costs what is on it, however much is stored.':
    'no answer tells; docs/storage says what a page costs',
  'The conformance suite (`sojourn/testing`) is the specification: every sentence on this page is a case there.':
    'this test says so',
  'Milliseconds since the Unix epoch, a safe integer of at most 48 bits.': 'binds the caller',
  'A duration in milliseconds.': 'binds the caller',
  'The longest that a session may live.':
    'binds the caller; an engine keeps cut-offs as long, and that is a case',
  'Browsers keep no cookie longer (RFC 6265bis, section 5.5).': 'a reason',
  'The order is storage format: append only, never reorder.': 'binds whoever edits the port',
  'The secret before the last rotation: an alias of the one successor while its grace lasts.':
    'what the core makes of bytes that an engine only keeps',
  'SHA-256 of the old secret, 32 bytes.': 'binds the caller',
  "A user, and the bucket that the ids of all of the user's sessions begin with.": 'binds the caller',
  'Engines may need both to find them.': 'a reason',
  'A secret of which only a trace is left.': 'what the core makes of it',
  'It detects reuse and never authenticates.': 'what the core makes of it',
  'The first 8 bytes of the SHA-256 of the secret.': 'binds the caller',
  'Presented at or after this instant, the secret is reuse; before it, merely unknown.':
    'what the core makes of it',
  'SHA-256 of the current secret, 32 bytes.': 'binds the caller',
}

const PORT = readFileSync(join(import.meta.dirname, '../core/port.ts'), 'utf8')
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()
const page = [...PORT.matchAll(/\/\*\*([\s\S]*?)\*\//g)].map(([, text = '']) =>
  oneLine(text.replaceAll(/^\s*\*/gm, '')),
)
const sentences = page.flatMap((text) => text.split(/(?<=[.])\s+(?=[A-Z`0-9])/))
const promises = [...new Set(conformance.map(({ promise }) => promise))]

test('every case quotes the port', () => {
  expect(promises.filter((promise) => !page.some((text) => text.includes(promise)))).toEqual([])
})

test('every sentence of the port is quoted by a case, or is listed here as no promise of an engine', () => {
  const isProven = (sentence: string) =>
    promises.some((promise) => sentence.includes(promise) || promise.includes(sentence))
  expect(sentences.filter((sentence) => !isProven(sentence) && !(sentence in NO_PROMISE))).toEqual([])
})

test('nothing is listed as no promise that is gone from the port', () => {
  expect(Object.keys(NO_PROMISE).filter((sentence) => !sentences.includes(sentence))).toEqual([])
  expect(sentences.length).toBeGreaterThan(60)
})

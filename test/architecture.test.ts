import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeOf, importsOf, lineCount, ROOT, readSource } from './import-graph.test-support.ts'
import { library } from './package-files.test-support.ts'
import { isAllowed, ROOMS, roomOf } from './rooms.test-support.ts'

const files = readSource()
const edges = files.flatMap(importsOf)

/** Reading the real clock, and what belongs to the process. `new Date(at)` only converts, and is free. */
const CLOCK_OR_PROCESS =
  /\bDate\.now\b|\bDate\(\s*\)|\bset(?:Timeout|Interval)\b|\bperformance\b|(?<!\.)\bprocess\b/

/** A digest beside an operator or a method that stops at the first byte that differs. */
const DIGEST_COMPARED = new RegExp(
  [
    String.raw`digest\w*\s*[!=]==(?!\s*null\b)`,
    String.raw`[!=]==\s*[\w.]*digest\w*(?!\w|\.(?:byteL|l)ength)`,
    String.raw`digest\w*\.(?:equals|compare|indexOf)\(`,
    String.raw`\.(?:equals|compare|indexOf)\([^)]*digest`,
  ].join('|'),
  'i',
)

describe('imports', () => {
  test('every room imports only what its row allows', () => {
    expect(edges.filter((edge) => !isAllowed(edge))).toEqual([])
  })

  test('the check has seen the real source', () => {
    expect(files.length).toBeGreaterThanOrEqual(80)
    expect(edges.length).toBeGreaterThanOrEqual(250)
    expect(new Set(files.map(({ path }) => roomOf(path)))).toEqual(new Set(Object.keys(ROOMS)))
  })

  test.each([
    ['core knows HTTP', 'core/store.ts', 'http/cookie.ts'],
    ['core knows an engine', 'core/store.ts', 'engines/memory/index.ts'],
    ['core opens a file', 'core/store.ts', 'node:fs'],
    ['core loads a driver', 'core/store.ts', 'lmdb'],
    ['an engine knows its sibling', 'engines/lmdb/index.ts', 'engines/memory/index.ts'],
    ['an engine knows lifetimes', 'engines/lmdb/index.ts', 'core/lifetime.ts'],
    ['a shared engine file knows an engine', 'engines/record-codec.ts', 'engines/lmdb/keys.ts'],
    ['the suite brings a test runner', 'testing/conformance.ts', 'vitest'],
    ['the suite knows an engine', 'testing/conformance.ts', 'engines/memory/index.ts'],
    ['an archive knows an engine', 'archive/postgres/postgres.ts', 'engines/memory/index.ts'],
    ['an archive loads a driver', 'archive/postgres/postgres.ts', 'pg'],
    ['http knows a framework', 'http/handle.ts', 'express'],
    ['http knows an adapter', 'http/handle.ts', 'adapters/express.ts'],
    ['an adapter knows an engine', 'adapters/express.ts', 'engines/memory/index.ts'],
    ['source needs a test', 'core/store.ts', 'core/store.test-support.ts'],
    ['a room has no row', 'utils/strings.ts', 'utils/more.ts'],
  ])('it is refused that %s', (_name, from, to) => {
    expect(isAllowed({ from, to })).toBe(false)
  })

  test.each([
    ['a static import', "import { read } from '../http/cookie.ts'"],
    ['a type import over several lines', "import type {\n  A,\n  B,\n} from '../http/cookie.ts'"],
    ['a re-export', "export { read } from '../http/cookie.ts'"],
    ['an import for its effect', "import '../http/cookie.ts'"],
    ['a late import', "const cookie = await import('../http/cookie.ts')"],
  ])('%s is seen', (_name, text) => {
    expect(importsOf({ path: 'core/store.ts', text })).toEqual([
      { from: 'core/store.ts', to: 'http/cookie.ts' },
    ])
  })

  test('an import in a comment is none', () => {
    const text = "/** import { read } from './a.ts' */\n// import './b.ts'\n"
    expect(importsOf({ path: 'core/store.ts', text })).toEqual([])
  })
})

describe('time', () => {
  const asksForTime = (text: string) => CLOCK_OR_PROCESS.test(codeOf({ path: '', text }))

  test('core, engines and archives take time as an argument', () => {
    const wrong = files
      .filter(({ path }) => /^(core|engines|archive)\//.test(path) && path !== 'core/system-clock.ts')
      .filter(({ text }) => asksForTime(text))
    expect(wrong.map(({ path }) => path)).toEqual([])
  })

  test.each([
    'Date.now()',
    'new Date()',
    'setTimeout(task, 1)',
    'performance.now()',
    'process.pid',
    `\`\${process.pid}\``,
  ])('it is refused to use %s', (code) => expect(asksForTime(`const x = ${code}`)).toBe(true))

  test.each([
    'new Date(at)',
    'value instanceof Date',
    "throw 'process'",
    `throw \`process of \${user}\``,
    '// Date.now() is not for us',
  ])('it is free to say %s', (code) => expect(asksForTime(code)).toBe(false))
})

describe('digests', () => {
  const comparesDigests = (text: string) => DIGEST_COMPARED.test(codeOf({ path: '', text }))

  test('T5: digests are compared in one function, in constant time', () => {
    const product = files.filter(({ path }) => !path.startsWith('testing/'))
    expect(product.filter(({ text }) => comparesDigests(text)).map(({ path }) => path)).toEqual([])
    const constantTime = product.filter((file) => codeOf(file).includes('timingSafeEqual('))
    expect(constantTime.map(({ path }) => path)).toEqual(['core/token.ts'])
  })

  test.each([
    'record.digest === presented',
    'presented !== previous.digest',
    'digest.equals(presented)',
    'Buffer.compare(presented, record.digest)',
    'presented.indexOf(retiredDigest)',
  ])('T5: %s would be refused', (code) => expect(comparesDigests(code)).toBe(true))

  test.each(['digest === null', 'digest.byteLength === 32', 'sameDigest(a, b)'])('%s is free', (code) =>
    expect(comparesDigests(code)).toBe(false),
  )
})

describe('size', () => {
  // What is generated is read where it comes from.
  const written = files.filter(({ path }) => !path.endsWith('.gen.ts'))
  const counts = written.map(lineCount).sort((a, b) => a - b)

  test('no file is longer than 400 lines', () => {
    expect(written.filter((file) => lineCount(file) > 400).map(({ path }) => path)).toEqual([])
  })

  test('half of the files have at most 120 lines', () => {
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(120)
  })
})

describe('exports', () => {
  const targets = Object.entries(library.exports).filter(([subpath]) => subpath !== './package.json')

  test('every subpath points at a file that has its source', () => {
    const sources = targets.map(([, target]) =>
      String(target)
        .replace(/^\.\/dist\//, 'packages/sojourn/src/')
        .replace(/\.js$/, '.ts'),
    )
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    expect(sources.length).toBeGreaterThanOrEqual(8)
  })

  test('every target is a plain string, so that require finds it as well', () => {
    expect(targets.filter(([, target]) => typeof target !== 'string')).toEqual([])
  })
})

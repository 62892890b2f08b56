import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesLike } from './docs.test-support.ts'
import { ROOT } from './import-graph.test-support.ts'

const ROW = /^\| (T\d+(?:\.\d+)?) \| .* \| (tested|later: [a-z ]+) \|$/gm
/** The ids at the start of a string, such as 'T7: …' or 'T37, T161.5: …'. */
const TITLE = /['"`](T\d+(?:\.\d+)?(?:, T\d+(?:\.\d+)?)*): /g

const rowsOf = (page: string) =>
  new Map([...page.matchAll(ROW)].map(([, id = '', status = '']) => [id, status]))
const idsIn = (text: string) => [...text.matchAll(TITLE)].flatMap(([, ids = '']) => ids.split(', '))

/** What is wrong between the page and the tests, one line each. */
function disagreements(rows: ReadonlyMap<string, string>, tested: ReadonlySet<string>): string[] {
  const untested = [...rows].filter(([id, status]) => status === 'tested' && !tested.has(id))
  const unknown = [...tested].filter((id) => !rows.has(id))
  return [
    ...untested.map(([id]) => `${id} is marked as tested and has no test`),
    ...unknown.map((id) => `${id} is the id of a test and has no row`),
  ]
}

const page = readFileSync(join(ROOT, 'docs/security/requirements.md'), 'utf8')
const sources = filesLike(/^(packages|test|examples)\/.*\.ts$/).filter(
  ({ path }) => !path.includes('security-ids'),
)
const tested = new Set(sources.flatMap(({ text }) => idsIn(text)))

describe('the list of security requirements', () => {
  test('was read whole', () => {
    expect(rowsOf(page).size).toBe(page.match(/^\| T\d/gm)?.length)
    expect(rowsOf(page).size).toBeGreaterThan(100)
  })

  test('agrees with the titles of the tests', () => {
    expect(disagreements(rowsOf(page), tested)).toEqual([])
  })

  test('catches a row without a test, and a test without a row', () => {
    const rows = rowsOf('| T1 | one | tested |\n| T2 | two | tested |\n| T3.1 | three | later: service |\n')
    expect(disagreements(rows, new Set(['T1', 'T2']))).toEqual([])
    expect(disagreements(rows, new Set(['T1']))).toEqual(['T2 is marked as tested and has no test'])
    expect(disagreements(rows, new Set(['T1', 'T2', 'T4']))).toEqual([
      'T4 is the id of a test and has no row',
    ])
  })

  test('finds every id of a title', () => {
    expect(idsIn("test('T7: a', f); test(`T37, T161.5: b`, f) // T9: c")).toEqual(['T7', 'T37', 'T161.5'])
  })
})

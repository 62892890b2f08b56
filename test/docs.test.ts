import { existsSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { anchorsIn, filesLike, linksIn, type Page, subpathsIn } from './docs.test-support.ts'
import { ROOT } from './import-graph.test-support.ts'
import { SUBPATHS } from './package-files.test-support.ts'

const pages = filesLike(/\.md$/)
/** Stores that stand behind a framework's own contract, by the name of their page. */
const DROP_INS = [
  'express-session',
  'fastify-session',
  'koa-session',
  'unstorage',
  'keyv',
  'better-auth',
  'authjs',
]
const isLocal = (link: string) => !/^[a-z]+:/.test(link)

/** What a page says that a contract makes impossible: the items and rows of that section. */
function gapsIn(text: string): string[] {
  const [, section = ''] = text.split(/^## What .+ makes impossible$/m)
  const [own = ''] = section.split(/^## /m)
  return own.split('\n').filter((line) => /^(?:- |\| )/.test(line))
}

/** Why a link leads nowhere; null when it leads somewhere. */
function broken({ path, text }: Page, link: string): string | null {
  const [target = '', anchor] = link.split('#')
  const to = target === '' ? path : posix.join(dirname(path), target)
  const page = target === '' ? text : pages.find((other) => other.path === to)?.text
  const isFound = page !== undefined || existsSync(join(ROOT, to))
  const isAnchored = anchor === undefined || page === undefined || anchorsIn(page).includes(anchor)
  return isFound && isAnchored ? null : `${path} → ${link}`
}

describe('the documentation', () => {
  test('was found', () => {
    const found = pages.map(({ path }) => path)
    expect(found).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/errors.md']))
  })

  test('has no link that leads nowhere', () => {
    const links = pages.flatMap((page) =>
      linksIn(page.text)
        .filter(isLocal)
        .map((link) => broken(page, link)),
    )
    expect(links.length).toBeGreaterThan(20)
    expect(links.filter((reason) => reason !== null)).toEqual([])
  })

  test('names no subpath that the package does not export', () => {
    const named = pages.flatMap(({ path, text }) => subpathsIn(text).map((subpath) => ({ path, subpath })))
    expect(named.filter(({ subpath }) => !SUBPATHS.includes(subpath))).toEqual([])
  })

  test.each(DROP_INS)('T154: says in the page of %s what its contract makes impossible', (name) => {
    const page = pages.find(({ path }) => path === `docs/${name}.md`)
    expect(gapsIn(page?.text ?? '')).not.toEqual([])
  })
})

describe('the check of the documentation', () => {
  const page = { path: 'docs/page.md', text: '# A title: here\n\n## `CODE_ONE` & two\n' }

  test('finds links to files and anchors that do not exist', () => {
    expect(broken(page, 'nothing.md')).not.toBeNull()
    expect(broken(page, '#elsewhere')).not.toBeNull()
    expect(broken(page, 'errors.md#no_such_code')).not.toBeNull()
  })

  test('accepts links that lead somewhere', () => {
    expect(broken(page, '../LICENSE')).toBeNull()
    expect(broken(page, '#a-title-here')).toBeNull()
    expect(broken(page, '#code_one--two')).toBeNull()
    expect(broken(page, 'errors.md#store_full')).toBeNull()
  })

  test('T154: a page that names no gap is found', () => {
    expect(gapsIn('## What Koa makes impossible\n\n- **one**\n| two | why |\n\n## Next\n- three')).toEqual([
      '- **one**',
      '| two | why |',
    ])
    expect(gapsIn('## What Koa makes impossible\n\n## Next\n\n- **one**')).toEqual([])
    expect(gapsIn('- **one**')).toEqual([])
  })

  test('sees links, images and subpaths, and passes over code', () => {
    const text = '[a](b.md) <img src="c.png"> `[d](e.md)` ![f](g.png)'
    expect(linksIn(text)).toEqual(['b.md', 'c.png', 'g.png'])
    expect(subpathsIn("import 'sojourn/lmdb'; sojourn/nowhere; packages/sojourn/src")).toEqual([
      'sojourn/lmdb',
      'sojourn/nowhere',
    ])
  })
})

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const SOURCE = join(import.meta.dirname, '..')
const DOCS = join(SOURCE, '../../../docs')
const FILE = /^<!-- file: (\S+) -->\n```\w+\n([\s\S]*?)^```$/gm
const OURS = /'(sojourn(?:\/[\w-]+)?)'/g
/** Where a subpath of the package is in its source. */
const SUBPATHS: Readonly<Record<string, string>> = {
  sojourn: 'core/index.ts',
  'sojourn/lmdb': 'engines/lmdb/index.ts',
  'sojourn/next': 'adapters/next.ts',
  'sojourn/react-router': 'adapters/react-router.ts',
}

/**
 * Writes the files that a page of the documentation shows, below `folder`, with the package as it is now; what they
 * keep goes to `data` in that folder. Their paths.
 */
export function writeDocs(page: string, folder: string): string[] {
  const text = readFileSync(join(DOCS, page), 'utf8')
  return [...text.matchAll(FILE)].map(([, path = '', code = '']) => {
    const file = join(folder, path)
    const here = code
      .replaceAll(
        OURS,
        (_, name: string) => `'${relative(dirname(file), join(SOURCE, SUBPATHS[name] ?? name))}'`,
      )
      .replace("'./data/", `'${join(folder, 'data')}/`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, here)
    return path
  })
}

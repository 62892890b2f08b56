import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './import-graph.test-support.ts'

export interface Page {
  /** Below the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

const SKIPPED = new Set(['node_modules', 'dist', 'data', 'coverage', '.git'])
const CODE = /^```[\s\S]*?^```|`[^`\n]*`/gm
const LINK = /\]\(([^)\s]+)\)|<(?:a|img)[^>]*?(?:href|src)="([^"]+)"/g
const SUBPATH = /(?<![\w./@-])sojourn\/(?:socket\.io|[a-z][\w/-]*)(?![\w./*-])/g

/** Files of the workspace whose path the pattern fits, folders of output left out. */
export function filesLike(pattern: RegExp, folder = ''): Page[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (SKIPPED.has(entry.name)) return []
    if (entry.isDirectory()) return filesLike(pattern, path)
    return pattern.test(path) ? [{ path, text: readFileSync(join(ROOT, path), 'utf8') }] : []
  })
}

/** Where the links of a page lead, code left out. */
export function linksIn(text: string): string[] {
  return [...text.replace(CODE, '').matchAll(LINK)].map(([, link, source]) => link ?? source ?? '')
}

/** What GitHub makes of a heading: its anchor. */
export function anchorsIn(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Each `sojourn/…` that a page names as something to import. */
export function subpathsIn(text: string): string[] {
  return [...text.matchAll(SUBPATH)].map(([subpath]) => subpath)
}

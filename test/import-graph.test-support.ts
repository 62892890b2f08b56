import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

/** An import in a source file: `to` is a path below `src` without `./`, or a bare name such as `node:fs`. */
export interface Edge {
  readonly from: string
  readonly to: string
}

export interface SourceFile {
  /** Below `packages/sojourn/src`, with forward slashes. */
  readonly path: string
  readonly text: string
}

export const ROOT = join(import.meta.dirname, '..')
const SOURCE = join(ROOT, 'packages/sojourn/src')
const IS_SOURCE = /(?<!\.test|\.test-support)\.ts$/
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g
const COMMENT = /\/\*[\s\S]*?\*\/|(?<!['":\w])\/\/.*$/gm
const TEXT = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
const INTERPOLATION = /\$\{[^}]*\}/g

/** All source files of the library, without its tests. Read as text: no compiler can hand out an empty list. */
export function readSource(): SourceFile[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => IS_SOURCE.test(name))
    .map((path) => ({ path, text: readFileSync(join(SOURCE, path), 'utf8') }))
}

export function importsOf({ path, text }: SourceFile): Edge[] {
  return [...text.replace(COMMENT, '').matchAll(IMPORT)].map(([, to = '']) => ({
    from: path,
    to: to.startsWith('.') ? posix.join(dirname(path), to) : to,
  }))
}

/** The code without comments and without what its strings say; what a template computes stays. */
export function codeOf({ text }: SourceFile): string {
  return text.replace(COMMENT, '').replace(TEXT, (said) => `'' ${said.match(INTERPOLATION)?.join(' ') ?? ''}`)
}

export function lineCount({ text }: SourceFile): number {
  return text.trimEnd().split('\n').length
}

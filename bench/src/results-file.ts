import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../results', import.meta.url))

/** Where the newest report of a name lies when the command line says nothing else. */
function pathOf(name: string): string {
  return join(FOLDER, `${name}.json`)
}

/** Keeps a report; where. */
export function writeResults(name: string, report: object, path = pathOf(name)): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`)
  return path
}

/** The newest report of that name, as this program wrote it; null where there is none. */
export function readResults(name: string) {
  const path = pathOf(name)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

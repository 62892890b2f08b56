import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Puts texts between their marks in a page of docs, each under the name of its mark. What is not given stays. */
export function updateMarks(name: string, texts: Readonly<Record<string, string | null>>): void {
  const path = fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))
  let page = readFileSync(path, 'utf8')
  for (const [mark, text] of Object.entries(texts)) {
    if (text !== null) page = between(page, mark, text)
  }
  writeFileSync(path, page)
  console.log(`written: ${path}`)
}

function between(page: string, mark: string, text: string): string {
  const [start, end] = [`<!-- bench: ${mark} -->`, `<!-- end: ${mark} -->`]
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`The page has lost its marks ${start} and ${end}.`)
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`
}

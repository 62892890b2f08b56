/** A table as rows of cells; the first row is its head. */
export type Table = readonly (readonly string[])[]

/** For a terminal: columns under each other, numbers to the right. */
export function asText(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  ')
  return table.map((row) => `  ${line(row)}`.trimEnd()).join('\n')
}

export function asMarkdown([head = [], ...rows]: Table): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  const rule = `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

/** Three digits are what a noisy machine can tell. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value >= 100 ? count(value) : String(Number(value.toPrecision(3)))
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function time(ms: number): string {
  return ms < 0.1 ? `${short(ms * 1_000)} µs` : `${short(ms)} ms`
}

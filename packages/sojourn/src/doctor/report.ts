import type { Finding, Verdict } from '../engines/redis/doctor-finding.ts'

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }
const CHECK_WIDTH = 14

/** The findings as text, server by server; what to do only where something is to be done. */
export function reportOf(findings: readonly Finding[]): string {
  const nodes = [...new Set(findings.map(({ node }) => node))]
  return nodes
    .map((node) =>
      serverReport(
        node,
        findings.filter((each) => each.node === node),
      ),
    )
    .join('\n\n')
}

function serverReport(node: string, findings: readonly Finding[]): string {
  return [node, ...findings.flatMap(lines)].join('\n')
}

function lines({ check, verdict, found, means, set }: Finding): string[] {
  const indent = ' '.repeat(MARKS.ok.length + CHECK_WIDTH + 4)
  const first = `  ${MARKS[verdict]} ${check.padEnd(CHECK_WIDTH)} ${printable(found)}`
  return set === null ? [first] : [first, `${indent}${means}`, `${indent}→ ${set}`]
}

/** Names of keys come from the server, and could move a terminal's cursor. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, '?')
}

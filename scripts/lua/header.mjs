import { withoutStrings } from './strip.mjs'

const ENTRY = /^-- (KEYS|ARGV)\[(\d+)(\.\.)?\]\s+(\S.*)$/
const USE = /\b(KEYS|ARGV)\b(?:\s*\[\s*(\d+)\s*\])?/g

/** What is wrong with a script's header, a sentence each; none when it says what the code does. */
export function problemsOf({ name, text }) {
  const lines = text.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('--'))
  const header = end < 0 ? lines : lines.slice(0, end)
  return [
    ...titleProblems(name, header),
    ...['Returns', 'Complexity'].flatMap((title) => sectionProblems(title, header)),
    ...['KEYS', 'ARGV'].flatMap((list) => listProblems(list, header, withoutStrings(text))),
  ]
}

function titleProblems(name, [first = '']) {
  const isTitled = first.startsWith(`-- ${name}.lua: `) && first.length > `-- ${name}.lua: `.length
  return isTitled ? [] : [`its first line is not "-- ${name}.lua: <what it does>"`]
}

function sectionProblems(title, header) {
  return header.some((line) => new RegExp(`^-- ${title}\\s+\\S`).test(line))
    ? []
    : [`it has no ${title} line`]
}

function listProblems(list, header, code) {
  const entries = header
    .map((line) => ENTRY.exec(line))
    .filter((entry) => entry?.[1] === list)
    .map(([, , index, range]) => ({ index: Number(index), isRange: range !== undefined }))
  const uses = [...code.matchAll(USE)].filter((use) => use[1] === list).map((use) => use[2])
  return [
    ...orderProblems(list, entries),
    ...unknownUses(list, entries, uses),
    ...entries.flatMap((entry) => idleEntries(list, entry, uses)),
  ]
}

function orderProblems(list, entries) {
  const isInOrder = entries.every(({ index }, place) => index === place + 1)
  const isRangeLast = entries.slice(0, -1).every(({ isRange }) => !isRange)
  return isInOrder && isRangeLast ? [] : [`its ${list} do not count up from 1, with a range last`]
}

function unknownUses(list, entries, uses) {
  const isKnown = (use) =>
    entries.some(({ index, isRange }) =>
      isRange ? use === undefined || Number(use) >= index : index === Number(use),
    )
  const unknown = new Set(uses.filter((use) => !isKnown(use)))
  return [...unknown].map((use) =>
    use === undefined
      ? `it uses ${list} without a plain index, and its header has no range of them`
      : `it uses ${list}[${use}], and its header does not`,
  )
}

function idleEntries(list, { index, isRange }, uses) {
  const isUsed = uses.some((use) =>
    isRange ? use === undefined || Number(use) >= index : Number(use) === index,
  )
  return isUsed
    ? []
    : [`its header has ${list}[${index}${isRange ? '..' : ''}], and its code does not use it`]
}

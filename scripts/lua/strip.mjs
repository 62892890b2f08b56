/** One piece of Lua that must stay whole: a comment, a string, or what is neither. */
const PIECE =
  /--\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*|\[(=*)\[[\s\S]*?\]\2\]|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|[\s\S]/g

/** The code without its comments and blank lines; strings stay as they are, whatever they hold. */
export function strip(lua) {
  const kept = map(lua, { comment: () => ' ', string: hideLines })
  return kept
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n')
    .replaceAll(HIDDEN, '\n')
    .concat('\n')
}

/** The code without comments and without what its strings say: for a look at names. */
export function withoutStrings(lua) {
  return map(lua, { comment: () => ' ', string: () => "''" })
}

/** Stands for the end of a line inside a long string, which is not a line of code. */
const HIDDEN = '\u0001'
const hideLines = (text) => text.replaceAll('\n', HIDDEN)

function map(lua, { comment, string }) {
  return lua.replaceAll(PIECE, (piece) => {
    if (piece.startsWith('--')) return comment(piece)
    return piece.length > 1 ? string(piece) : piece
  })
}

import { NONE, type Reading, SEVERAL } from './reading.ts'

const BEARER = /^bearer ([^ ]+)$/i

/**
 * The token of `Authorization: Bearer <token>`: one space, the scheme in any case. Looks at the raw header
 * lines, because Node keeps the first of several `Authorization` lines and a proxy may have used the last
 * (SECURITY T26). Another scheme is not ours and reads as none.
 */
export function readBearer(rawHeaders: readonly string[]): Reading {
  const lines = rawHeaders.filter((_, index) => isAuthorization(rawHeaders, index))
  const [line = '', second] = lines
  if (second !== undefined) return SEVERAL
  const [, value] = BEARER.exec(line) ?? []
  return value === undefined ? NONE : { found: 'one', value }
}

/** Names stand at even places, values behind them. */
function isAuthorization(rawHeaders: readonly string[], index: number): boolean {
  return index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization'
}

import { NONE, type Reading, SEVERAL } from './reading.ts'

const BEARER = /^bearer ([^ ]+)$/i

/**
 * The token of `Authorization: Bearer <token>`: one space, the scheme in any case. Several lines are refused, also
 * when they say the same (SECURITY T26). Another scheme is not ours and reads as none.
 */
export function readBearer(authorizations: readonly string[]): Reading {
  const [line = '', second] = authorizations
  if (second !== undefined) return SEVERAL
  const [, value] = BEARER.exec(line) ?? []
  return value === undefined ? NONE : { found: 'one', value }
}

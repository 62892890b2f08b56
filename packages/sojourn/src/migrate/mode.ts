import { SessionError } from '../core/errors.ts'
import type { OldStoreMode } from '../core/old-store.ts'

/** The mode among the options that are left. @throws SessionError `INVALID_ARGUMENT` for any other option */
export function modeIn({ mode = 'move', ...others }: { readonly mode?: OldStoreMode }): OldStoreMode {
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw new SessionError('INVALID_ARGUMENT', `There is no option ${JSON.stringify(unknown)}.`)
  }
  if (mode === 'move' || mode === 'mirror') return mode
  throw new SessionError('INVALID_ARGUMENT', "mode must be 'move' or 'mirror'.")
}

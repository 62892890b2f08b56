import { fail, ok, type Result } from './doctor-finding.ts'
import { HOW_TO_LOAD } from './failures.ts'
import { LIBRARY } from './scripts.gen.ts'

/** Which libraries of a server are looked at: those of every release of sojourn. */
export const OWN_LIBRARIES = 'sojourn_*'

/** Whether an administrator has loaded the library of this release; `libraries` are texts by name. SECURITY T91. */
export function checkLibrary(libraries: ReadonlyMap<string, string>): Result {
  const text = libraries.get(LIBRARY.name)
  const others = [...libraries.keys()].filter((name) => name !== LIBRARY.name)
  const beside = others.length > 0 ? `; of other releases: ${others.join(' ')}` : ''
  if (text === undefined) {
    return fail(
      `no library ${LIBRARY.name}${beside}`,
      'Every call but a read is refused: this release calls the functions of its own library only.',
      HOW_TO_LOAD,
    )
  }
  if (text.trimEnd() !== LIBRARY.source.trimEnd()) {
    return fail(
      `the library ${LIBRARY.name} has another text than this release${beside}`,
      'Somebody has changed it. What it does with sessions is unknown.',
      HOW_TO_LOAD,
    )
  }
  return ok(
    `the library ${LIBRARY.name} is loaded${beside}`,
    'One of another release may go when none of its processes runs: FUNCTION DELETE.',
  )
}

export function tooOldForFunctions(): Result {
  return fail(
    'the server is older than functions',
    'Every call but a read is refused.',
    "Use Redis 7.0 or newer, or the option code: 'scripts'.",
  )
}

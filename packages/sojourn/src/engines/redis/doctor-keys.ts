import type { Reply } from './client.ts'
import { fail, ok, type Result, warn } from './doctor-finding.ts'
import { type DoctorServer, type Looked, textOf } from './doctor-server.ts'
import { feedKey } from './feed-key.ts'
import { beatPattern } from './invalidations-keys.ts'

const BATCH = '1000'
const SHOWN = 3
/** What follows the prefix. */
const OWN = /^:\{[A-Za-z0-9_-]{2}\}:(?:s:[A-Za-z0-9_-]{16}|u:[0-3]|a:[A-Za-z0-9_-]{1,64}|due)$/
const FEED = feedKey('')

/** What lies on the server, as far as it was looked through. */
export interface KeySample {
  readonly seen: number
  /** Keys of others (SECURITY T96). */
  readonly foreign: number
  /** Keys under the prefix that no store of this prefix makes. */
  readonly strange: readonly string[]
}

/** Looks through at most `limit` keys, in the server's order. */
export async function sampleKeys(
  server: DoctorServer,
  prefix: string,
  limit: number,
): Promise<Looked<KeySample>> {
  const strange: string[] = []
  let [seen, foreign, cursor] = [0, 0, '0']
  do {
    const page = await server.ask('scan', ['SCAN', cursor, 'COUNT', BATCH], pageOf)
    if ('missing' in page) return page
    cursor = page.value.cursor
    for (const key of page.value.keys) {
      seen += 1
      const kind = kindOf(key, prefix)
      if (kind === 'foreign') foreign += 1
      if (kind === 'strange') strange.push(key)
    }
  } while (cursor !== '0' && seen < limit)
  return { value: { seen, foreign, strange } }
}

/** Other prefixes may well be other stores; other names under ours may not. */
export function checkKeys({ seen, foreign, strange }: KeySample, prefix: string): Result {
  if (strange.length > 0) {
    const shown = strange.slice(0, SHOWN).map((key) => JSON.stringify(key))
    return fail(
      `${strange.length} of ${seen} keys under the prefix are not sojourn’s: ${shown.join(', ')}`,
      'Somebody else writes under the prefix, and may change or delete sessions.',
      'Find out who, and give the store a prefix of its own, held by an ACL rule.',
    )
  }
  if (foreign > 0) {
    return warn(
      `${foreign} of ${seen} keys are outside the prefix ${prefix}`,
      'Whoever shares the server can fill it, slow it down, and with client tracking see the names of all keys.',
      'Give sessions a server of their own.',
    )
  }
  return ok(`${seen} keys looked at, all of the prefix ${prefix}`, 'Nobody else uses the server.')
}

/** Which keys a store has: `docs/storage/redis.md`. A near cache's heartbeats lie beside them. */
function kindOf(key: string, prefix: string): 'own' | 'foreign' | 'strange' {
  if (key.startsWith(beatPattern(prefix).slice(0, -1))) return 'own'
  if (!key.startsWith(`${prefix}:{`)) return 'foreign'
  const rest = key.slice(prefix.length)
  return OWN.test(rest) || rest === FEED ? 'own' : 'strange'
}

function pageOf(reply: Reply): { readonly cursor: string; readonly keys: readonly string[] } {
  const [cursor, keys]: readonly unknown[] = Array.isArray(reply) ? reply : []
  return { cursor: textOf(cursor), keys: Array.isArray(keys) ? keys.map(textOf) : [] }
}

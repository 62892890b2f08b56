import type { ServerVersion } from './acl.ts'
import { fail, ok, type Result, warn } from './doctor-finding.ts'

type Version = readonly [major: number, minor: number, patch: number]

/**
 * The releases that mended CVE-2025-49844, -46817 and -46818 (SECURITY V59): whoever may load a script could run
 * code on the server, or use another user's rights. The first of each line; a line without one has none.
 * github.com/docker-library/official-images/pull/20011, github.com/valkey-io/valkey/releases
 */
const MENDED: Readonly<Record<'redis' | 'valkey', readonly Version[]>> = {
  redis: [
    [6, 2, 20],
    [7, 2, 11],
    [7, 4, 6],
    [8, 0, 4],
    [8, 2, 2],
  ],
  valkey: [
    [7, 2, 11],
    [8, 0, 6],
    [8, 1, 4],
  ],
}

export function checkVersion(info: ReadonlyMap<string, string>): Result {
  const valkey = info.get('valkey_version')
  const brand = valkey === undefined ? 'redis' : 'valkey'
  const text = valkey ?? info.get('redis_version') ?? ''
  const version = versionOf(text)
  const found = `${brand === 'redis' ? 'Redis' : 'Valkey'} ${text}`
  if (version === null) {
    return warn(
      `the server does not say which version it is (${text})`,
      'Nothing was compared.',
      'Look it up.',
    )
  }
  if (version[0] < 6 || (version[0] === 6 && version[1] < 2)) {
    return fail(found, 'PXAT and other parts that sojourn needs are missing.', 'Use Redis 6.2 or newer.')
  }
  if (!isMended(version, MENDED[brand])) {
    return warn(
      `${found}: of a line with known flaws in Lua (CVE-2025-49844 and others)`,
      'Whoever may load a script could run code on the server. Distributions mend without a new number.',
      'Upgrade, or ask your distribution; restrict +eval, +evalsha and +script to the application.',
    )
  }
  return ok(found, 'No flaw in Lua that we know of. Follow the notices of your vendor.')
}

/** By what it can do. Valkey says here which Redis it is like. */
export function serverVersion(info: ReadonlyMap<string, string>): ServerVersion {
  const [major = 0, minor = 0] = versionOf(info.get('redis_version') ?? '') ?? []
  if (major < 7) return '6.2'
  return major > 7 || minor >= 2 ? '7.2' : '7.0'
}

/** Null for what is not three numbers. */
export function versionOf(text: string): Version | null {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(text)
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])]
}

function isMended(version: Version, mended: readonly Version[]): boolean {
  const line = mended.find((each) => each[0] === version[0] && each[1] === version[1])
  if (line !== undefined) return version[2] >= line[2]
  return mended.every((each) => each[0] < version[0] || (each[0] === version[0] && each[1] < version[1]))
}

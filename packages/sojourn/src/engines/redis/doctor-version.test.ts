import { describe, expect, test } from 'vitest'
import { checkVersion, serverVersion, versionOf } from './doctor-version.ts'

const redis = (version: string) => checkVersion(new Map([['redis_version', version]]))
const valkey = (version: string) =>
  checkVersion(
    new Map([
      ['redis_version', '7.2.4'],
      ['server_name', 'valkey'],
      ['valkey_version', version],
    ]),
  )

describe('the version of a server', () => {
  test.each(['6.2.20', '6.2.23', '7.2.11', '7.4.6', '8.0.4', '8.2.2', '8.4.0', '9.0.0'])(
    'T94: Redis %s has no flaw in Lua that we know of',
    (version) => expect(redis(version).verdict).toBe('ok'),
  )

  test.each(['6.2.19', '7.0.15', '7.2.10', '7.4.5', '8.0.3', '8.2.1'])(
    'T94: Redis %s is named as of a line with flaws',
    (version) =>
      expect(redis(version)).toMatchObject({
        verdict: 'warn',
        found: expect.stringContaining('CVE-2025-49844'),
      }),
  )

  test.each(['7.2.11', '8.0.6', '8.1.4', '9.0.0'])('T94: Valkey %s has none', (version) =>
    expect(valkey(version).verdict).toBe('ok'),
  )

  test.each(['7.2.10', '8.0.5', '8.1.3'])('T94: Valkey %s is named', (version) => {
    expect(valkey(version)).toMatchObject({ verdict: 'warn', found: expect.stringMatching(/^Valkey/) })
  })

  test.each(['5.0.14', '6.0.20'])('%s is too old', (version) => expect(redis(version).verdict).toBe('fail'))

  test('that is none is a warning', () => {
    expect(redis('unstable').verdict).toBe('warn')
    expect(checkVersion(new Map()).verdict).toBe('warn')
    expect(versionOf('7.2')).toBeNull()
  })

  test('says which rights the server knows', () => {
    const known = (version: string) => serverVersion(new Map([['redis_version', version]]))
    expect(['6.2.14', '7.0.15', '7.2.0', '8.0.0', ''].map(known)).toEqual(['6.2', '7.0', '7.2', '7.2', '6.2'])
  })
})

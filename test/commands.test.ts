import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ROOT } from './import-graph.test-support.ts'

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs node in the root of the workspace, with nothing in its environment but what is given, and what Next's types ask for. */
function node(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: ROOT, env: { NODE_ENV: 'test', ...env } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}

const run = (code: string, env?: Record<string, string>) => node(['--input-type=module', '-e', code], env)

describe('the commands', () => {
  test.each(['18.20.8', '20.18.3'])('say in one line that Node %s is too old', async (version) => {
    const { code, stderr } = await run(
      `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })
       await import('./scripts/workspace/node-version.mjs')`,
    )
    expect(code).toBe(1)
    expect(stderr).toBe(`sojourn needs Node 20.19 or newer; this is Node ${version}.\n`)
  })

  test('name the stages when one is asked for that does not exist', async () => {
    const { code, stderr } = await node(['scripts/test.mjs', '--only=types,spelling'])
    expect(code).toBe(1)
    expect(stderr).toContain('No stage is called spelling')
    expect(stderr).toContain('types')
  })
})

describe('the count of tests', () => {
  const count = async (ok: boolean, report: unknown) => {
    const code = `import { count } from './scripts/workspace/count.mjs'
      console.log(JSON.stringify(count(${ok}, ${JSON.stringify(report)})))`
    return JSON.parse((await run(code)).stdout)
  }

  test('is what the runner reports', async () => {
    expect(await count(true, { numPassedTests: 7 })).toMatchObject({ passed: 7, failed: 0 })
    const failed = [{ status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'failed' }] }]
    const report = { numPassedTests: 7, numFailedTests: 2, testResults: failed }
    expect(await count(false, report)).toMatchObject({ passed: 7, failed: 2 })
  })

  test('counts a file that fails before its first test', async () => {
    const testResults = [{ status: 'failed', assertionResults: [] }]
    expect(await count(false, { numPassedTests: 7, testResults })).toMatchObject({ passed: 7, failed: 1 })
  })

  test('counts a run that crashes, and one that finds no tests, as failed', async () => {
    expect(await count(false, {})).toMatchObject({ passed: 0, failed: 1 })
    expect(await count(true, {})).toMatchObject({ passed: 0, failed: 1 })
    expect(await count(false, { numPassedTests: 7 })).toMatchObject({ passed: 7, failed: 1 })
  })
})

describe('a program that the tests need', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'sojourn-programs-'))
    mkdirSync(join(home, 'bin'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  const program = (name: string, script: string) =>
    writeFileSync(join(home, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })

  const ensure = async (env: Record<string, string> = {}) => {
    const code = `import { ensureRequirement } from './scripts/workspace/requirements.mjs'
      const packages = { 'apt-get': ['the-package'], apk: ['other-package'] }
      const names = { name: 'browser', reason: 'some tests', variable: 'BROWSER_PATH', commands: ['browser'] }
      const result = await ensureRequirement({ ...names, places: [], packages, byHand: 'Or do it by hand.' })
      console.log(JSON.stringify(result))`
    return JSON.parse((await run(code, { PATH: join(home, 'bin'), ...env })).stdout)
  }

  test('is taken from PATH', async () => {
    program('browser', 'exit 0')
    expect(await ensure()).toEqual({ ok: true, path: join(home, 'bin/browser') })
  })

  test('is taken from its variable first', async () => {
    program('browser', 'exit 0')
    program('chosen', 'exit 0')
    const chosen = join(home, 'bin/chosen')
    expect(await ensure({ BROWSER_PATH: chosen })).toEqual({ ok: true, path: chosen })
  })

  test('is installed by the package manager of the system when it is missing, or does not start', async () => {
    const browser = join(home, 'bin/browser')
    program('sudo', 'shift; exec "$@"')
    program('true', 'exit 0')
    program('browser', 'exit 1')
    program('apt-get', `[ "$1" != install ] || printf '#!/bin/sh\\nexit 0\\n' > ${browser}`)
    expect(await ensure()).toEqual({ ok: true, path: browser })
  })

  test('is asked for by name when it cannot be installed', async () => {
    program('apt-get', '[ "$1" = --version ] || { echo no network; exit 1; }')
    const { ok, output } = await ensure()
    expect(ok).toBe(false)
    expect(output).toContain('browser is missing; some tests need it.')
    expect(output).toContain('apt-get install -y --no-install-recommends the-package')
    expect(output).toContain('apk add --no-cache other-package')
    expect(output).toContain('Or do it by hand.')
  })
})

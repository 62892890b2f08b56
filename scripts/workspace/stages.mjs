import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { count } from './count.mjs'
import { run, step, tool } from './run.mjs'

const LIBRARY = 'packages/sojourn'

/** Checks that need a build and nothing of each other: the commands of each. Each check counts as one. */
export const CHECKS = {
  generated: () =>
    ['gen-lua', 'gen-errors'].map((name) => [process.execPath, `scripts/${name}.mjs`, '--check']),
  // What consumes the package sees its build; in one program with its source, each type would exist twice. The benchmark
  // is a program of its own: it says otherwise than the bank what the data of a session is.
  types: () =>
    ['tsconfig.json', 'tsconfig.consumers.json', 'tsconfig.bench.json'].map((project) =>
      tsc('--noEmit', '-p', project),
    ),
  lint: () => [tool('@biomejs/biome', 'biome', 'ci', '--error-on-warnings', '.')],
  knip: () => [tool('knip', 'knip')],
  publint: () => [tool('publint', 'publint', '--strict', LIBRARY)],
  attw: () => [tool('@arethetypeswrong/cli', 'attw', '--pack', LIBRARY, '--profile', 'esm-only')],
}

const tsc = (...args) => tool('typescript', 'tsc', ...args)

/** One row of the table at the end. */
export async function runCheck(name) {
  const { ok, ms } = await step(name, async () => {
    const results = []
    for (const command of CHECKS[name]()) results.push(await run(command))
    return { ok: results.every((result) => result.ok), output: results.map(({ output }) => output).join('') }
  })
  return { name, ms, passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
}

/** Everything that Vitest runs; its own count of tests. */
export async function runTests(filters, env) {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-test-'))
  const report = join(folder, 'vitest.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  try {
    const { ok, ms } = await step('tests', () =>
      run(tool('vitest', 'vitest', 'run', ...reporters, ...filters), { env, print: true }),
    )
    return { name: 'tests', ms, ...count(ok, readReport(report)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}

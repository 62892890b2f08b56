import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Told } from './cluster-child.test-support.ts'
import { checkOptions } from './memory-options.ts'

const ROOT = join(import.meta.dirname, '../../../../..')
const SOURCE = join(ROOT, 'packages/sojourn/src')
const COMPILER = [
  ...[join(ROOT, 'node_modules/typescript/bin/tsc'), '--ignoreConfig', '--target', 'es2022'],
  ...['--module', 'nodenext', '--rewriteRelativeImportExtensions', '--verbatimModuleSyntax'],
  ...['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types'), '--skipLibCheck'],
]

test('left out, the options are a quarter of a gibibyte and a million sessions', () => {
  expect(checkOptions({}, false)).toEqual({ maxBytes: 268_435_456, maxSessions: 1_000_000 })
})

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
  'a limit of %s is refused',
  (limit) => {
    for (const name of ['maxBytes', 'maxSessions']) {
      expect(() => checkOptions({ [name]: limit }, false)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) }),
      )
    }
  },
)

test('limits of one are accepted', () => {
  expect(checkOptions({ maxBytes: 1, maxSessions: 1 }, false)).toEqual({ maxBytes: 1, maxSessions: 1 })
})

test('an option of another name is refused by its name', () => {
  const options = { maxBytes: 1, maxSize: 1 }
  expect(() => checkOptions(options, false)).toThrow('maxSize')
})

test('anything but true or false for allowCluster is refused', () => {
  expect(() => checkOptions(JSON.parse('{ "allowCluster": "yes" }'), true)).toThrow('allowCluster must be')
})

test('N25: the engine is refused in a node:cluster worker, unless each may have sessions of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sojourn-memory-'))
  try {
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    const file = 'engines/memory/cluster-child.test-support'
    const paths = ['--rootDir', SOURCE, '--outDir', folder, join(SOURCE, `${file}.ts`)]
    await promisify(execFile)(process.execPath, [...COMPILER, ...paths])
    const primary = fork(join(folder, `${file}.js`))
    const [told]: Told[] = await once(primary, 'message')
    expect(told).toEqual({
      inPrimary: ['memory', 'memory'],
      inWorker: [expect.stringMatching(/^INVALID_ARGUMENT: .*node:cluster worker/), 'memory'],
    })
    if (primary.exitCode === null) await once(primary, 'exit')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

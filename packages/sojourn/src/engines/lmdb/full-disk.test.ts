import { execFile } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Children, COMPILE_MS, compileChildren } from './children.test-support.ts'
import type { FullDiskReport } from './full-disk-child.test-support.ts'
import { makeDirectory } from './lmdb.test-support.ts'

let children: Children
beforeAll(async () => {
  children = await compileChildren()
}, COMPILE_MS)
afterAll(async () => children[Symbol.asyncDispose]())

const MISSING =
  'This test mounts a small disk in a user namespace of its own: it needs Linux, `unshare` of util-linux, and ' +
  'unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or root).'

const IN_A_NAMESPACE = ['unshare', '-rm'] as const

/** Runs a child in a directory that is a disk of two megabytes. */
function onSmallDisk(directory: string, file: string): Promise<FullDiskReport> {
  const script = 'mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" "$3" "$1"'
  const [command, ...args] = [...IN_A_NAMESPACE, 'sh', '-c', script, 'sh', directory, process.execPath, file]
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout))
      else reject(new Error(`${MISSING}\n${stderr.slice(-2_000)}`, { cause: error }))
    })
  })
}

test('T85: a full disk refuses writes by name, reads go on, and with room writes go on', async () => {
  await using directory = await makeDirectory()
  const outcome = await onSmallDisk(directory.path, children.fileOf('full-disk-child'))
  expect(outcome).toMatchObject({
    whileFull: { stored: [3_000], refused: [null], again: 'STORE_FULL', together: 1 },
    reopened: { stored: [3_000], again: 'STORE_FULL' },
    another: { full: 'STORE_FULL', files: [] },
    withRoom: { again: { outcome: 'done' }, stored: [3_000] },
    unhandled: [],
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from 'sojourn-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ROOT } from './import-graph.test-support.ts'

let home: string
let running: ChildProcess | null = null
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sojourn-start-'))
})
afterEach(async () => {
  if (running?.exitCode === null && running.kill('SIGKILL')) await once(running, 'exit')
  running = null
  rmSync(home, { recursive: true })
})

/** What `npm start -- …` runs. */
function start(...args: readonly string[]) {
  const child = spawn(process.execPath, ['scripts/start.mjs', ...args], { cwd: ROOT })
  running = child
  const printed = { out: '', err: '' }
  child.stderr.on('data', (chunk: Buffer) => {
    printed.err += chunk.toString()
  })
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed.out += chunk.toString()
      const [found] = /http:\/\/\S+/.exec(printed.out) ?? []
      if (found !== undefined) resolve(found)
    })
    child.on('exit', () => reject(new Error(`The bank ended early:\n${printed.out}${printed.err}`)))
  })
  url.catch(() => undefined)
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  return { child, url, exit, printed }
}

describe('npm start', () => {
  test('opens the bank, says where it is, and ends with 0 on Ctrl-C, also on a doubled one', async () => {
    const { child, url, exit } = start('--port', '0', '--data', join(home, 'bank'))
    const response = await fetch(await url)
    expect(response.status).toBe(200)
    await response.text()
    child.kill('SIGINT')
    child.kill('SIGINT')
    expect(await exit).toBe(0)
  })

  test('opens the bank on Redis when it is told where that is', async () => {
    const server = await startRedis()
    try {
      const args = ['--port', '0', '--data', join(home, 'bank'), '--redis', server.url, '--no-archive']
      const { child, url, exit } = start(...args)
      expect((await fetch(await url)).status).toBe(200)
      expect(await server.cli('EXISTS', 'bank:{--}:s:----------------')).toBe(1)
      child.kill('SIGINT')
      expect(await exit).toBe(0)
    } finally {
      await server.stop()
    }
  })

  test('passes on what the bank says and its exit code: a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = String(typeof address === 'object' && address !== null ? address.port : 0)
    const { exit, printed } = start('--port', port, '--data', join(home, 'bank'), '--no-archive')
    expect(await exit).toBe(1)
    expect(printed.err.trimEnd().split('\n')).toEqual([expect.stringContaining(port)])
    server.close()
  })
})

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort, HOST } from './free-port.ts'
import { type PostgresOptions, type PostgresServer, startPostgres } from './postgres-server.ts'
import { postgresProgram } from './program.ts'
import { until } from './until.ts'

const LIMIT_MS = 10_000
const PSQL = join(dirname(realpathSync(postgresProgram())), 'psql')
const running: PostgresServer[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})

async function start(options: PostgresOptions = {}): Promise<PostgresServer> {
  const server = await startPostgres(options)
  running.push(server)
  return server
}

/** What a statement answers, without the title. Rejects with the server's words. */
async function ask(server: PostgresServer, sql: string): Promise<string> {
  const { stdout } = await promisify(execFile)(PSQL, ['-X', '-qtA', '-c', sql, server.url])
  return stdout.trim()
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a Postgres server', () => {
  test('serves on a port of its own, keeps what was committed when it is killed, and leaves nothing behind', async () => {
    const server = await start()
    const { pid, directory, url } = server
    expect(await ask(server, 'SHOW fsync')).toBe('on')
    expect(await ask(server, 'SHOW data_directory')).toBe(directory)
    await ask(server, 'CREATE TABLE kept AS SELECT 1 AS one')
    await server.kill()
    expect(server).toMatchObject({ pid: 0, isRunning: false })
    await expect(ask(server, 'SELECT 1')).rejects.toThrow(/refused/)
    await server.restart()
    expect(server.url).toBe(url)
    expect(server.pid).not.toBe(pid)
    expect(await ask(server, 'TABLE kept')).toBe('1')
    await server.restart()
    expect(await ask(server, 'TABLE kept')).toBe('1')
    const last = server.pid
    await server.stop()
    expect(isAlive(last)).toBe(false)
    expect(existsSync(directory)).toBe(false)
  })

  test('that does not start says why, and leaves no directory', async () => {
    await expect(start({ program: '/nowhere/postgres' })).rejects.toThrow(/ENOENT/)
    const port = await freePort()
    const holder = createServer().listen(port, HOST)
    await once(holder, 'listening')
    await expect(start({ port })).rejects.toMatchObject({
      name: 'PortTaken',
      message: expect.stringContaining('could not bind'),
    })
    holder.close()
  })

  test('dies with the process that started it', async () => {
    const script = fileURLToPath(new URL('../dist/index.js', import.meta.url))
    const code = `const { startPostgres } = await import(${JSON.stringify(script)})
      const { pid, directory } = await startPostgres()
      console.log(JSON.stringify({ pid, directory }))`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const [line] = await once(parent.stdout, 'data')
    const { pid, directory } = JSON.parse(String(line))
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    const isGone = async () => (!isAlive(pid) && !existsSync(directory) ? true : null)
    expect(await until('the server is gone', isGone, LIMIT_MS)).toBe(true)
  })
})

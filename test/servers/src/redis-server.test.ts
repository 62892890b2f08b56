import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { command } from './command.ts'
import { freePort, HOST } from './free-port.ts'
import { type RedisServer, type RedisServerOptions, startPlanned, startRedis } from './redis-server.ts'
import { until } from './until.ts'

const LIMIT_MS = 10_000
const running: RedisServer[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})

async function start(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options)
  running.push(server)
  return server
}

function stateOf(pid: number): string {
  return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a server', () => {
  test('serves on a port and in a directory of its own, and leaves nothing behind', async () => {
    const [one, two] = await Promise.all([start(), start()])
    expect(await one.cli('SET', 'a', 1)).toBe('OK')
    expect(await one.cli('GET', 'a')).toBe('1')
    expect(await two.cli('GET', 'a')).toBe(null)
    expect(await one.cli('CONFIG', 'GET', 'dir')).toEqual(['dir', one.directory])
    const { pid, directory } = one
    expect(isAlive(pid)).toBe(true)
    await one.stop()
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(directory)).toBe(false)
  })

  test.each([
    ['always', '1'],
    ['no file', null],
  ])('killed with -9 and started again has what its persistence kept: %s', async (kind, kept) => {
    const persistent = { appendonly: 'yes', appendfsync: 'always' }
    const server = await start({ config: kind === 'always' ? persistent : {} })
    await server.cli('SET', 'a', 1)
    const { pid, url } = server
    await server.kill()
    expect(server).toMatchObject({ pid: 0, isRunning: false })
    await expect(server.cli('PING')).rejects.toThrow()
    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(server.url).toBe(url)
    expect(await server.cli('GET', 'a')).toBe(kept)
  })

  test('that is started again while it runs ends in order first, and saves what it is told to save', async () => {
    const server = await start({ config: { save: '3600 1' } })
    await server.cli('SET', 'a', 1)
    await server.restart()
    expect(await server.cli('GET', 'a')).toBe('1')
    await server.cli('SET', 'a', 2)
    await server.kill()
    await server.restart()
    expect(await server.cli('GET', 'a')).toBe('1')
  })

  test('that is paused answers when it goes on, and not before', async () => {
    const server = await start()
    server.pause()
    let isAnswered = false
    const answer = server.cli('PING').then((pong) => {
      isAnswered = true
      return pong
    })
    expect(stateOf(server.pid)).toMatch(/^T/)
    // Whoever is not served is connected all the same: the system does that.
    await once(connect(server.port, HOST).unref(), 'connect')
    expect(isAnswered).toBe(false)
    server.resume()
    expect(await answer).toBe('PONG')
  })

  test('that is paused can be stopped', async () => {
    const server = await start()
    server.pause()
    await server.stop()
    expect(server.isRunning).toBe(false)
  })

  test('has the users that it is given, and a way in for the test', async () => {
    const server = await start({ users: ['default off', 'app on >secret ~a* +get'] })
    const app = { host: HOST, port: server.port, username: 'app', password: 'secret' }
    await server.cli('SET', 'a', 1)
    expect(await command(app, ['GET', 'a'])).toBe('1')
    await expect(command(app, ['GET', 'b'])).rejects.toThrow('NOPERM')
    await expect(command(app, ['SET', 'a', 2])).rejects.toThrow('NOPERM')
    await expect(command({ host: HOST, port: server.port }, ['GET', 'a'])).rejects.toThrow('NOAUTH')
  })

  test('that does not start says why, and leaves no process', async () => {
    await expect(start({ config: { nonsense: 1 } })).rejects.toThrow(/Bad directive/)
    await expect(start({ program: '/nowhere/redis-server' })).rejects.toThrow(/ENOENT/)
    await expect(start({ limitMs: 0 })).rejects.toThrow(/did not start in 0 ms/)
  })

  test('takes another port when one is lost, but never in place of one that was asked for', async () => {
    const port = await freePort()
    const holder = createServer().listen(port, HOST)
    await once(holder, 'listening')
    await expect(start({ port })).rejects.toMatchObject({ name: 'PortTaken' })
    const ports = [port, port, await freePort()]
    const server = await startPlanned({ config: {} }, async () => ports.shift() ?? 0)
    running.push(server)
    expect(server.port).not.toBe(port)
    expect(ports).toEqual([])
    holder.close()
    expect((await start({ port })).port).toBe(port)
  })

  test.each(['SIGKILL', 'SIGINT', 'a crash'] as const)(
    'dies with the process that started it: %s',
    async (end) => {
      const script = fileURLToPath(new URL('../dist/index.js', import.meta.url))
      const code = `const { startRedis } = await import(${JSON.stringify(script)})
      const { pid, directory } = await startRedis()
      console.log(JSON.stringify({ pid, directory }))
      process.stdin.once('data', () => { throw new Error('a crash') })`
      const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      const [line] = await once(parent.stdout, 'data')
      const { pid, directory } = JSON.parse(String(line))
      expect(isAlive(pid)).toBe(true)
      if (end === 'a crash') parent.stdin.write('now')
      else parent.kill(end)
      await once(parent, 'exit')
      const isGone = async () => (!isAlive(pid) && !existsSync(directory) ? true : null)
      expect(await until('the server is gone', isGone, LIMIT_MS)).toBe(true)
    },
  )
})

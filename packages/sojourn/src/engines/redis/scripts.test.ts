import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIBRARY, SCRIPTS } from './scripts.gen.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

const scripts = Object.values(SCRIPTS)

describe('the scripts', () => {
  test.each(scripts.map((script) => [script.name, script] as const))(
    'of %s is known to a server by the hash that is written beside it',
    async (_name, { source, sha1 }) => {
      expect(await server.cli('SCRIPT', 'LOAD', source)).toBe(sha1)
    },
  )

  test('are the eleven of the engine', () => {
    const names = [
      ...['create', 'due-heads', 'end', 'end-user', 'lease', 'list'],
      ...['replace', 'scan', 'scan-slot', 'settle', 'touch'],
    ]
    expect(scripts.map(({ name }) => name).sort()).toEqual(names)
  })

  test('with a fault in their Lua are refused with its line', async () => {
    const broken = SCRIPTS.end.source.replace('\nlocal ', '\nlocal local ')
    await expect(server.cli('SCRIPT', 'LOAD', broken)).rejects.toThrow(/compiling script.*user_script:\d+/)
  })
})

describe('the library', () => {
  test('loads, and has a function for each script', async () => {
    expect(await server.cli('FUNCTION', 'LOAD', 'REPLACE', LIBRARY.source)).toBe(LIBRARY.name)
    const functions = JSON.stringify(await server.cli('FUNCTION', 'LIST', 'LIBRARYNAME', LIBRARY.name))
    expect(scripts.filter(({ functionName }) => !functions.includes(`"${functionName}"`))).toEqual([])
  })

  test('with a fault in its Lua is refused with its line', async () => {
    const broken = LIBRARY.source.replace('\nlocal ', '\nlocal local ')
    await expect(server.cli('FUNCTION', 'LOAD', 'REPLACE', broken)).rejects.toThrow(
      /compiling function.*:\d+/,
    )
  })

  test('answers as the scripts do', async () => {
    await server.cli('FUNCTION', 'LOAD', 'REPLACE', LIBRARY.source)
    const index = 'sojourn:{Ab}:u:0'
    const args = [1, index, 'sojourn:{Ab}:', 'u_1', 1_000, 1] as const
    expect(await server.cli('EVAL', SCRIPTS.list.source, ...args)).toEqual([])
    expect(await server.cli('FCALL_RO', SCRIPTS.list.functionName, ...args)).toEqual([])
    expect(await server.cli('FCALL', SCRIPTS.dueHeads.functionName, 1, 'sojourn:{Ab}:due')).toEqual([''])
  })

  test('lists and looks while nothing may be written', async () => {
    await server.cli('FUNCTION', 'LOAD', 'REPLACE', LIBRARY.source)
    await server.cli('CONFIG', 'SET', 'maxmemory', '1')
    try {
      const records = 'sojourn:{??}:s:????????????????'
      const [, cursor, ids] = [
        await server.cli('FCALL', SCRIPTS.scan.functionName, 1, records, '', 0, 10),
      ].flat()
      expect([cursor, ids]).toEqual(['0', ''])
      const index = 'sojourn:{Ab}:u:0'
      expect(
        await server.cli('FCALL', SCRIPTS.list.functionName, 1, index, 'sojourn:{Ab}:', 'u_1', 1_000, 1),
      ).toEqual([])
      await expect(server.cli('FCALL', SCRIPTS.create.functionName, 1, 'sojourn:{Ab}:s:x')).rejects.toThrow(
        /OOM/,
      )
    } finally {
      await server.cli('CONFIG', 'SET', 'maxmemory', '0')
    }
  })
})

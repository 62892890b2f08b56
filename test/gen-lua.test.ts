import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ROOT } from './import-graph.test-support.ts'

const HEADER = ['-- say.lua: says it.', '-- KEYS[1]  the record', '-- ARGV[1]  the word']
const FOOTER = ['-- Returns     the word', '-- Complexity  O(1)']
const CODE = ["redis.call('SET', KEYS[1], ARGV[1])", 'return ARGV[1]']
const RIGHT = [...HEADER, ...FOOTER, '', ...CODE].join('\n')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sojourn-lua-'))
  mkdirSync(join(folder, 'lua/includes'), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (path: string, text: string) => writeFileSync(join(folder, 'lua', path), `${text}\n`)
const written = () => readFileSync(join(folder, 'lua.gen.ts'), 'utf8')

/** What the generator complains about; empty when it is content. In a thread: a process takes long to start. */
async function generate(...options: readonly string[]): Promise<string> {
  const argv = [join(folder, 'lua'), ...options]
  const thread = new Worker(join(ROOT, 'scripts/gen-lua.mjs'), { argv, execArgv: [], stderr: true })
  const [[code], said] = await Promise.all([once(thread, 'exit'), textOf(thread.stderr)])
  return code === 0 ? '' : said || `It ends with ${code}.`
}

/** The module that was written. Node strips no types on 20, so the few that are there are cut. */
async function load() {
  const text = written()
    .replaceAll(/^(?:export )?interface [\s\S]*?^}\n/gm, '')
    .replaceAll(/ as const satisfies .*$/gm, '')
  writeFileSync(join(folder, 'lua.gen.mjs'), text)
  return import(join(folder, 'lua.gen.mjs'))
}

describe('the header of a script', () => {
  test('is accepted when it says what the code does', async () => {
    write('say.lua', RIGHT)
    expect(await generate()).toBe('')
    expect((await load()).SCRIPTS.say.source).toBe(`${CODE.join('\n')}\n`)
  })

  test.each([
    ['has another name', RIGHT.replace('say.lua', 'tell.lua'), 'its first line is not'],
    ['says nothing', RIGHT.replace('says it.', ''), 'its first line is not'],
    ['comes after the code', `local early = 1\n${RIGHT}`, 'its first line is not'],
    ['has no Returns', RIGHT.replace(/-- Returns.*\n/, ''), 'it has no Returns line'],
    ['has an empty Complexity', RIGHT.replace('O(1)', ''), 'it has no Complexity line'],
    ['lacks a key', RIGHT.replace(/-- KEYS.*\n/, ''), 'it uses KEYS[1], and its header does not'],
    ['lacks an argument', RIGHT.replaceAll('return ARGV[1]', 'return ARGV[2]'), 'it uses ARGV[2]'],
    ['has a key too many', RIGHT.replace('-- ARGV', '-- KEYS[2]  more\n-- ARGV'), 'header has KEYS[2]'],
    [
      'has an argument too many',
      RIGHT.replace('-- Returns', '-- ARGV[2]  more\n-- Returns'),
      'header has ARGV[2]',
    ],
    ['counts wrongly', RIGHT.replaceAll('KEYS[1]', 'KEYS[2]'), 'its KEYS do not count up from 1'],
    [
      'is used in a string only',
      RIGHT.replace('return ARGV[1]', "return 'ARGV[3]'").replace(', ARGV[1])', ')'),
      'ARGV[1]',
    ],
    [
      'is used in a comment only',
      RIGHT.replace(', ARGV[1])', ') -- ARGV[1]').replace('return ARGV[1]', 'return 1'),
      'ARGV[1]',
    ],
    ['has no range', RIGHT.replace('return', 'return #ARGV +'), 'uses ARGV without a plain index'],
    [
      'has an idle range',
      RIGHT.replace('-- Returns', '-- ARGV[2..]  more\n-- Returns'),
      'header has ARGV[2..]',
    ],
    [
      'has a range before the end',
      RIGHT.replace('KEYS[1] ', 'KEYS[1..] ').replace('-- ARGV', '-- KEYS[2]  b\n-- ARGV'),
      'range last',
    ],
  ])('is refused when it %s', async (_name, text, complaint) => {
    expect(text).not.toBe(RIGHT)
    write('say.lua', text)
    expect(await generate()).toContain(complaint)
    expect(written).toThrow()
  })

  test('may name a range that the code walks through', async () => {
    const range = RIGHT.replace('-- Returns', '-- ARGV[2..]  more words\n-- Returns')
    write('say.lua', range.replace('return ARGV[1]', 'return { unpack(ARGV, 2) }'))
    expect(await generate()).toBe('')
  })
})

describe('an include', () => {
  const using = (...names: readonly string[]) =>
    RIGHT.replace('\n\n', `\n\n${names.map((name) => `-- @include ${name}\n`).join('')}`)

  test('stands once, after what it needs', async () => {
    write('includes/far.lua', '-- far.lua: far.\nlocal far = 1')
    write('includes/near.lua', '-- near.lua: near.\n-- @include far\nlocal near = far')
    write('say.lua', using('near', 'far'))
    expect(await generate()).toBe('')
    expect((await load()).SCRIPTS.say.source).toBe(`local far = 1\nlocal near = far\n${CODE.join('\n')}\n`)
  })

  test.each([
    ['is missing', {}, ['near'], 'includes near, and there is no such file'],
    ['goes in a circle', { near: '-- @include far', far: '-- @include near' }, ['near'], 'a circle'],
    [
      'reads the arguments itself',
      { near: 'local near = ARGV[1]' },
      ['near'],
      'takes KEYS and ARGV as arguments',
    ],
    ['is used by nobody', { near: 'local near = 1' }, [], 'No script includes near'],
    [
      'takes a name twice',
      { near: 'local a = 1', far: 'local function a() end' },
      ['near', 'far'],
      'a has a meaning',
    ],
    ['has no title', { near: null }, ['near'], 'an include opens with'],
  ])('is refused when it %s', async (_name, includes, names, complaint) => {
    for (const [name, text] of Object.entries(includes)) {
      write(`includes/${name}.lua`, text === null ? 'local near = 1' : `-- ${name}.lua: it.\n${text}`)
    }
    write('say.lua', using(...names))
    expect(await generate()).toContain(complaint)
  })
})

describe('what is written', () => {
  const replaced = (code: string) => RIGHT.replace('return ARGV[1]', code)
  const bodyOf = async (code: string) => {
    write('say.lua', replaced(code))
    expect(await generate()).toBe('')
    return (await load()).SCRIPTS.say.source.replace(`${CODE[0]}\n`, '')
  }

  test.each([
    ['a comment is cut', "return 'a' -- not this", "return 'a'\n"],
    ['a long comment is cut', 'local b--[==[ one\n]] two ]==]= 1', 'local b = 1\n'],
    ['blank lines are cut', 'local b = 1\n\n  \nreturn b', 'local b = 1\nreturn b\n'],
    ['a string keeps its dashes', "return 'a -- b'", "return 'a -- b'\n"],
    [
      'a string keeps its escapes',
      String.raw`return '\'\0\\' .. "\"--"`,
      `${String.raw`return '\'\0\\' .. "\"--"`}\n`,
    ],
    ['a long string keeps its lines', 'return [[a\n\n  --b  \n]]', 'return [[a\n\n  --b  \n]]\n'],
    ['what looks like a template stays text', `return '\`$${'{x}'}\`'`, `return '\`$${'{x}'}\`'\n`],
  ])('%s', async (_name, code, expected) => {
    expect(await bodyOf(code)).toBe(expected)
  })

  test('names the commands that a script can call, also through its includes', async () => {
    const call = (name: string, command: string) =>
      `local function ${name}(key)\n  return redis.call('${command}', key)\nend`
    write('includes/near.lua', `-- near.lua: it.\n${call('one', 'GET')}\n${call('two', 'DEL')}`)
    write('say.lua', replaced('return one(KEYS[1])').replace('\n\n', '\n\n-- @include near\n'))
    expect(await generate()).toBe('')
    expect((await load()).SCRIPTS.say.commands).toEqual(['GET', 'SET'])
  })

  test.each(['redis.call(ARGV[1], KEYS[1])', 'local call = redis.call', "redis.pcall('S' .. 'ET', KEYS[1])"])(
    'T95: it is refused to hide a command: %s',
    async (code) => {
      write('say.lua', replaced(code))
      expect(await generate()).toMatch(/^say calls a command that is not written out/)
    },
  )

  test('is compared with --check, and not written', async () => {
    write('say.lua', RIGHT)
    expect(await generate('--check')).toContain('Run `npm run gen`')
    expect(written).toThrow()
    await generate()
    expect(await generate('--check')).toBe('')
    const before = written()
    write('say.lua', replaced('return 1'))
    expect(await generate('--check')).toContain('Run `npm run gen`')
    expect(written()).toBe(before)
  })

  test('has another version of the library after any change', async () => {
    write('say.lua', RIGHT)
    await generate()
    const { name } = (await load()).LIBRARY
    write('say.lua', replaced('return 1'))
    await generate()
    expect(name).toMatch(/^sojourn_[0-9a-f]{12}$/)
    expect(written()).not.toContain(name)
  })

  test('names the library and each of its functions after its version', async () => {
    write('say.lua', RIGHT)
    expect(await generate()).toBe('')
    const { LIBRARY, SCRIPTS } = await load()
    expect(SCRIPTS.say.functionName).toBe(`${LIBRARY.name}_say`)
    expect(LIBRARY.source).toBe(
      `#!lua name=${LIBRARY.name}\n` +
        `redis.register_function{ function_name = '${LIBRARY.name}_say', callback = function(KEYS, ARGV)\n` +
        `${CODE.join('\n')}\nend }\n`,
    )
  })

  test.each([
    ['say', "return redis.call('GET', KEYS[1])", 'no-writes'],
    ['end', "return redis.call('SETRANGE', KEYS[1], 0, 'a')", 'allow-oom'],
  ])('lets the function of %s say what it may', async (name, code, flag) => {
    const text = RIGHT.replace('say.lua', `${name}.lua`).replace(/-- ARGV.*\n/, '')
    write(`${name}.lua`, text.replace(CODE.join('\n'), code))
    expect(await generate()).toBe('')
    expect((await load()).LIBRARY.source).toContain(`_${name}', flags = { '${flag}' }, callback`)
  })
})

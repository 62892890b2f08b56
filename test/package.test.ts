import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmptyProject, type EmptyProject } from './empty-project.test-support.ts'
import { ROOT } from './import-graph.test-support.ts'
import { LIBRARY, type Manifest, SUBPATHS } from './package-files.test-support.ts'
import { type Loaded, loadEach, type Way } from './subpath-loader.test-support.ts'

const PEERS = [
  ...['lmdb', 'express', 'fast-check', 'koa', 'h3', 'fastify'],
  ...['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', 'socket.io', 'ws', 'hono', 'elysia'],
  ...['next', 'react', 'react-dom', 'react-router'],
  ...['@types/node', '@types/express', '@types/koa', '@types/ws'],
]
const LIFECYCLE = ['preinstall', 'install', 'postinstall', 'prepublish', 'prepare', 'prepack', 'postpack']
const MAY_SHIP =
  /^(package\.json|README\.md|LICENSE|dist\/[\w/.-]+\.(js|d\.ts)(\.map)?|src\/[\w/.-]+\.(ts|lua))$/
const MUST_NOT_SHIP = /\.test\.|\.test-support\.|\.env|\.pem|\.key|\.git|node_modules/

/** A session's life in an engine that needs no disk. Prints `alive` when all of it works. */
const ROUND_TRIP = `
import { createSessionStore } from 'sojourn'
import { memory } from 'sojourn/memory'
const sessions = await createSessionStore({ engine: memory() })
const { token } = await sessions.create({ userId: 'u_1', data: { cart: [] } })
await sessions.update(token, (draft) => { draft.cart.push({ at: new Date(0), price: 3n }) })
const found = await sessions.read(token)
console.log(found?.data.cart[0].price === 3n ? 'alive' : 'lost')
await sessions.close()
`

/** Their frameworks' own types compile only in projects that do not check libraries. */
const LOOSELY_TYPED = ['sojourn/elysia', 'sojourn/h3', 'sojourn/koa', 'sojourn/next', 'sojourn/react-router']

const importing = (subpaths: readonly string[]) => `
${subpaths.map((subpath, index) => `import * as room${index} from '${subpath}'`).join('\n')}
export const rooms = [${subpaths.map((_, index) => `room${index}`).join(', ')}]
`

const CONSUMER = `
import { createSessionStore, type Session } from 'sojourn'
import { memory } from 'sojourn/memory'
interface Cart { cart: { item: string; count: number }[] }
const sessions = await createSessionStore<Cart>({ engine: memory(), lifetime: 'banking', initial: () => ({ cart: [] }) })
const { token } = await sessions.create({ userId: 'u_42' })
const after: Session<Cart> | null = await sessions.update(token, (draft) => { draft.cart.push({ item: 'tea', count: 1 }) })
export const count: number | undefined = after?.data.cart[0]?.count
// @ts-expect-error what was read cannot be assigned
if (after !== null) after.data.cart = []
`

const COMPILER_OPTIONS = {
  ...{ target: 'es2022', module: 'nodenext', strict: true, noEmit: true },
  types: ['node'],
}

let project: EmptyProject
beforeAll(async () => {
  project = await createEmptyProject(PEERS)
}, 60_000)
afterAll(() => project.remove())

describe('the tarball', () => {
  test('T158: holds the build and its source, and nothing that is not on the list', () => {
    expect(project.packed.filter((path) => !MAY_SHIP.test(path))).toEqual([])
    expect(project.packed.filter((path) => MUST_NOT_SHIP.test(path))).toEqual([])
    expect(project.packed).toEqual(
      expect.arrayContaining(['LICENSE', 'dist/core/index.js', 'src/core/port.ts']),
    )
  })

  test.each(['src/core/token.test.ts', 'dist/core/clock.test-support.js', '.env', 'src/server.key'])(
    'T158: %s would be refused',
    (path) => expect(MUST_NOT_SHIP.test(path) || !MAY_SHIP.test(path)).toBe(true),
  )

  test('T156: runs nothing when it is installed', () => {
    const path = join(project.folder, 'node_modules/sojourn/package.json')
    const { scripts }: Manifest = JSON.parse(readFileSync(path, 'utf8'))
    expect(Object.keys(scripts ?? {}).filter((name) => LIFECYCLE.includes(name))).toEqual([])
  })

  test('carries the licence of the project', () => {
    const [ours, theirs] = [LIBRARY, ROOT].map((folder) => readFileSync(join(folder, 'LICENSE'), 'utf8'))
    expect(ours).toBe(theirs)
  })
})

describe('installed without scripts and without a network', () => {
  let loaded: readonly Loaded[]
  beforeAll(async () => {
    loaded = await loadEach(SUBPATHS, project)
  }, 60_000)
  const outcomeOf = (subpath: string, way: Way) =>
    loaded.filter((each) => each.subpath === subpath && each.way === way)

  test.each(SUBPATHS)('T156: %s can be imported', (subpath) => {
    expect(outcomeOf(subpath, 'imported')).toEqual([{ subpath, way: 'imported', code: 0, output: 'true\n' }])
  })

  test.each(SUBPATHS)('T156: %s can be required', (subpath) => {
    expect(outcomeOf(subpath, 'required')).toEqual([{ subpath, way: 'required', code: 0, output: 'true\n' }])
  })

  test('sojourn-doctor prints the rule of least privilege', async () => {
    const { code, output } = await project.node('node_modules/.bin/sojourn-doctor', '--acl')
    expect(code).toBe(0)
    expect(output).toMatch(/^ACL SETUSER sojourn on .*\+evalsha/)
  })

  test.each([
    ['--no-warnings'],
    ['--disallow-code-generation-from-strings'],
    ['--frozen-intrinsics', '--no-warnings'],
  ])('T156, T160: a session lives under node %s', async (...flags) => {
    project.write('round-trip.js', ROUND_TRIP)
    expect(await project.node(...flags, 'round-trip.js')).toEqual({ code: 0, output: 'alive\n' })
  })

  const compile = (code: string, options: object) => {
    project.write('consumer.ts', code)
    const compilerOptions = { ...COMPILER_OPTIONS, ...options }
    project.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['consumer.ts'] }))
    return project.node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.')
  }

  test('its types are what a strict consumer expects', async () => {
    const strict = SUBPATHS.filter((subpath) => !LOOSELY_TYPED.includes(subpath))
    expect(await compile(CONSUMER + importing(strict), {})).toEqual({ code: 0, output: '' })
  })

  test('its types compile beside those of all frameworks', async () => {
    expect(await compile(importing(SUBPATHS), { skipLibCheck: true })).toEqual({ code: 0, output: '' })
  })
})

describe('the check of what can be loaded catches', () => {
  async function outcomesOf(code: string, type = 'module') {
    project.write('node_modules/odd/package.json', JSON.stringify({ type, exports: './odd.js' }))
    project.write('node_modules/odd/odd.js', code)
    const found = await loadEach(['odd'], project)
    return found.map(({ code: exit, output }) => (exit === 0 ? output : 'failed'))
  }

  test('nothing where nothing is wrong', async () => {
    expect(await outcomesOf('export const fine = 1')).toEqual(['true\n', 'true\n'])
  })

  test('a subpath that is not there, and one that throws', async () => {
    expect((await loadEach(['sojourn/nowhere'], project)).map(({ code }) => code)).toEqual([1, 1])
    expect(await outcomesOf("throw new Error('odd')")).toEqual(['failed', 'failed'])
  })

  test('a module that exports nothing, or prints', async () => {
    expect(await outcomesOf('export {}')).toEqual(['false\n', 'false\n'])
    expect(await outcomesOf("console.error('odd'); export const fine = 1")).toEqual([
      'true\nodd\n',
      'true\nodd\n',
    ])
  })

  test('a module that waits at its top, which cannot be required', async () => {
    expect(await outcomesOf('export const fine = await 1')).toEqual(['true\n', 'failed'])
  })

  test('a module that needs what another one has left behind', async () => {
    project.write('node_modules/first/package.json', '{ "type": "module", "exports": "./first.js" }')
    project.write('node_modules/first/first.js', "globalThis.first = 'loaded'; export const fine = 1")
    project.write('node_modules/odd/package.json', '{ "type": "module", "exports": "./odd.js" }')
    project.write('node_modules/odd/odd.js', 'export const fine = first')
    const found = await loadEach(['first', 'odd'], project)
    expect(found.filter(({ code }) => code === 0).map(({ subpath }) => subpath)).toEqual(['first', 'first'])
  })
})

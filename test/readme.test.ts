import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { filesLike } from './docs.test-support.ts'
import { createEmptyProject, type EmptyProject } from './empty-project.test-support.ts'
import { ROOT } from './import-graph.test-support.ts'
import { type Block, blocksIn } from './readme-blocks.test-support.ts'
import { compile, play, playBuilt } from './readme-player.test-support.ts'

const FENCE = '```'
const blocks = blocksIn(readFileSync(join(ROOT, 'README.md'), 'utf8'))
/** The pages of the documentation that begin with an application to paste. */
const pages = filesLike(/\.md$/, 'docs').flatMap(({ path, text }) =>
  blocksIn(text).map((block) => ({ ...block, path })),
)

const PEERS = [
  ...['lmdb', 'express', 'ioredis', 'redis', '@electric-sql/pglite', 'koa', 'h3', 'fastify'],
  ...['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'],
  ...['express-session', '@fastify/cookie', '@fastify/session', 'koa-session', 'unstorage', 'keyv'],
  ...['better-auth', '@auth/core'],
  ...['socket.io', 'ws', 'hono', '@hono/node-server', 'elysia', '@elysiajs/node'],
  ...['@types/node', '@types/express', '@types/koa', '@types/ws', '@types/express-session'],
]

let project: EmptyProject
let server: RedisServer
let compiled: ReadonlyMap<string, readonly string[]>
beforeAll(async () => {
  server = await startRedis()
  // What the README names as default may be somebody's own server.
  vi.stubEnv('REDIS_URL', server.url)
  project = await createEmptyProject(PEERS)
  compiled = await compile([...blocks, ...pages], project)
}, 120_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  project.remove()
  await server.stop()
})

/** What did not go as the page says. */
async function outcomeOf(block: Block): Promise<readonly string[]> {
  return compiled.get(block.name) ?? playBuilt(block, project)
}

describe('the README', () => {
  test('shows a script and a server', () => {
    expect(blocks.filter(({ prints }) => prints.length > 0).length).toBeGreaterThan(0)
    expect(blocks.filter(({ fetches }) => fetches.length > 0).length).toBeGreaterThan(0)
  })

  test('shows the first session in under 20 lines', () => {
    expect(blocks[0]?.code.trimEnd().split('\n').length).toBeLessThan(20)
  })

  test('names the server that its code asks by a variable, so that no test asks another', () => {
    const asking = blocks.filter(({ code }) => code.includes('redis://'))
    expect(asking.length).toBeGreaterThan(0)
    for (const { code } of asking) expect(code).toContain("process.env['REDIS_URL'] ?? 'redis://")
  })

  test.each(blocks)('holds code that does what it says: $name', async (block) => {
    expect(await outcomeOf(block)).toEqual([])
  })
})

describe('the pages of the documentation', () => {
  test('show applications to paste', () => {
    expect(pages.length).toBeGreaterThan(1)
  })

  test.each(pages)('hold code that does what it says: $path, $name', async (block) => {
    expect(await outcomeOf(block)).toEqual([])
  })
})

describe('the player of the README catches', () => {
  const first = (comments: string, code: string, language = 'js') => {
    const [block] = blocksIn(`${comments}\n${FENCE}${language}\n${code}\n${FENCE}\n`)
    if (block === undefined) throw new Error('No block was found.')
    return play(block, project)
  }

  test('a script that prints something else', async () => {
    expect(await first('<!-- run: wrong -->\n<!-- prints: two -->', "console.log('one')")).not.toEqual([])
    expect(await first('<!-- run: right -->\n<!-- prints: one -->', "console.log('one')")).toEqual([])
  })

  test('a script that fails', async () => {
    expect(await first('<!-- run: fails -->', 'process.exitCode = 3')).not.toEqual([])
  })

  test('code that does not compile', async () => {
    expect(await first('<!-- run: typed -->', "export const n: number = 'one'", 'ts')).not.toEqual([])
  })

  test('the one of several blocks that does not compile, and what only another one has typed', async () => {
    const block = (name: string, code: string) =>
      blocksIn(`<!-- run: ${name} -->\n${FENCE}ts\n${code}\n${FENCE}\n`)
    const express = "import type { Register } from 'sojourn/express'\n"
    const typed = "declare module 'sojourn/express' { interface Register { data: { cart: string[] } } }\n"
    const use = "export const cart: Register['data']['cart'] = []"
    const some = [
      ...block('right', `${express}${typed}${use}`),
      ...block('untyped', `${express}${use}`),
      ...block('fine', 'export const n = 1'),
    ]
    expect([...(await compile(some, project)).keys()]).toEqual(['untyped'])
  })

  test('a server that answers something else, or forgets who is there', async () => {
    const code = `
      import { createServer } from 'node:http'
      const server = createServer((req, res) => {
        if (req.url === '/login') res.setHeader('set-cookie', 'id=ada; Path=/')
        res.end(req.headers.cookie === 'id=ada' ? 'hello ada' : 'who?')
      })
      server.listen(Number(process.env['PORT']), () => console.log('http://localhost:' + process.env['PORT']))`
    const run = '<!-- run: hello -->\n<!-- fetch: POST /login {"name":"ada"} = 200 -->\n'
    expect(await first(`${run}<!-- fetch: GET / = 200 hello ada -->`, code)).toEqual([])
    expect(await first(`${run}<!-- fetch: GET / = 200 hello bob -->`, code)).not.toEqual([])
    expect(await first(`${run}<!-- fetch: GET / = 404 -->`, code)).not.toEqual([])
  })

  test('a README without a block that is run', () => {
    expect(blocksIn(`# A title\n\n${FENCE}ts\nconsole.log(1)\n${FENCE}\n`)).toEqual([])
  })
})

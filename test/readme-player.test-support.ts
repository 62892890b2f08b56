import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { EmptyProject } from './empty-project.test-support.ts'
import { ROOT } from './import-graph.test-support.ts'
import type { Block, Exchange } from './readme-blocks.test-support.ts'

const COMPILER_OPTIONS = {
  target: 'es2022',
  module: 'nodenext',
  strict: true,
  // As most projects have it: the types of h3 and of Koa do not compile without it.
  skipLibCheck: true,
  // NestJS's own projects have it.
  experimentalDecorators: true,
  types: ['node'],
  outDir: 'built',
}
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc')
const SERVER_START_MS = 25_000

/** Runs a block as a reader would. What did not go as the README says, one line each; empty when all did. */
export async function play(block: Block, project: EmptyProject): Promise<string[]> {
  const complaints = (await compile([block], project)).get(block.name) ?? []
  return complaints.length > 0 ? complaints : playBuilt(block, project)
}

/**
 * Writes blocks into the project and compiles those in TypeScript. What the compiler says of each, by its name; nothing
 * of those that are right. It runs once, but each block is a program of its own: what one says of a type, no other sees.
 */
export async function compile(
  blocks: readonly Block[],
  project: EmptyProject,
): Promise<ReadonlyMap<string, string[]>> {
  if (new Set(blocks.map(({ name }) => name)).size < blocks.length)
    throw new Error('Two blocks have one name.')
  for (const block of blocks) project.write(fileOf(block), block.code)
  const typed = blocks.filter(({ language }) => language === 'ts')
  for (const block of typed) {
    const tsconfig = { compilerOptions: COMPILER_OPTIONS, include: [fileOf(block)] }
    project.write(programOf(block), JSON.stringify(tsconfig))
  }
  if (typed.length === 0) return new Map()
  const { code, output } = await project.node(COMPILER, '--build', '--force', ...typed.map(programOf))
  return code === 0 ? new Map() : complaintsIn(`The compiler exits with ${code}:\n${output}`, typed)
}

/** An error is told of the block that it names, and of all when it names none: nobody is right by mistake. */
function complaintsIn(output: string, blocks: readonly Block[]): Map<string, string[]> {
  // An error goes on in the lines that are indented.
  const errors = output.trimEnd().split(/\n(?! )/)
  const isNamed = (error: string, block: Block) => error.startsWith(`${fileOf(block)}(`)
  const [about = '', ...rest] = errors
  const nobodys = rest.filter((error) => !blocks.some((block) => isNamed(error, block)))
  return new Map(
    blocks.flatMap((block) => {
      const own = rest.filter((error) => isNamed(error, block))
      return own.length + nobodys.length === 0 && rest.length > 0
        ? []
        : [[block.name, [about, ...own, ...nobodys]] as const]
    }),
  )
}

/** Runs a block that is in the project, and compiled where it must be. */
export function playBuilt(block: Block, project: EmptyProject): Promise<string[]> {
  const built = block.language === 'ts' ? join('built', `${block.name}.js`) : fileOf(block)
  return block.fetches.length > 0 ? playServer(block, project, built) : playScript(block, project, built)
}

const fileOf = ({ name, language }: Block) => `${name}.${language}`
const programOf = ({ name }: Block) => `tsconfig.${name}.json`

async function playScript(block: Block, project: EmptyProject, file: string): Promise<string[]> {
  const { code, output } = await project.node(file)
  if (code !== 0) return [`${block.name} exits with ${code}:\n${output}`]
  let from = 0
  for (const text of block.prints) {
    const at = output.indexOf(text, from)
    if (at < 0) return [`${block.name} does not print "${text}" in its turn:\n${output}`]
    from = at + text.length
  }
  return []
}

async function playServer(block: Block, project: EmptyProject, file: string): Promise<string[]> {
  const env = { PORT: String(await freePort()), NODE_ENV: 'development' as const }
  const server = spawn(process.execPath, [file], { cwd: project.folder, env })
  try {
    const base = await printedUrl(server)
    const cookies = new Map<string, string>()
    const complaints: string[] = []
    for (const exchange of block.fetches) complaints.push(...(await send(base, exchange, cookies)))
    return complaints
  } finally {
    if (server.exitCode === null && server.kill()) await once(server, 'exit')
  }
}

/** Sends what a browser would send from a page of the same origin. */
async function send(base: string, exchange: Exchange, cookies: Map<string, string>): Promise<string[]> {
  const { method, path, body, status, text } = exchange
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = {
    origin: base,
    'sec-fetch-site': 'same-origin',
    cookie,
    'content-type': 'application/json',
  }
  const response = await fetch(base + path, { method, headers, body, redirect: 'manual' })
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }
  const answer = await response.text()
  if (response.status === status && answer.includes(text)) return []
  return [`${method} ${path} answers ${response.status} and not ${status} "${text}":\n${answer}`]
}

/** The first URL that a server prints. Rejects when it ends before, or takes too long. */
function printedUrl(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (reason: string) => reject(new Error(`${reason}:\n${output}`))
    const timer = setTimeout(() => fail('The server prints no URL'), SERVER_START_MS)
    const look = (chunk: Buffer) => {
      output += chunk.toString()
      const [url] = /http:\/\/[\w.[\]:-]+/.exec(output) ?? []
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    }
    server.stdout?.on('data', look)
    server.stderr?.on('data', look)
    server.on('exit', (code) => fail(`The server ends with ${code}`))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

import type { EmptyProject } from './empty-project.test-support.ts'

/** How a project gets hold of a subpath. */
const WAYS = ['imported', 'required'] as const
export type Way = (typeof WAYS)[number]

export interface Loaded {
  readonly subpath: string
  readonly way: Way
  /** With what the thread ended. */
  readonly code: number
  /** What came out on both streams; `true` when the module exports something. */
  readonly output: string
}

const LOADERS: Readonly<Record<Way, string>> = {
  imported: `
import { workerData } from 'node:worker_threads'
console.log(Object.keys(await import(workerData)).length > 0)
`,
  required: `
const { workerData } = require('node:worker_threads')
console.log(Object.keys(require(workerData)).length > 0)
`,
}
const FILES: Readonly<Record<Way, string>> = { imported: 'imported.mjs', required: 'required.cjs' }
/** That `require` takes modules is still called experimental by Node 20. */
const FLAGS: Readonly<Record<Way, readonly string[]>> = { imported: [], required: ['--no-warnings'] }

const ALL = `
import { Worker } from 'node:worker_threads'
const [, , orders] = process.argv
const streamed = async (stream) => (await stream.toArray()).join('')
const loaded = async ({ subpath, way, file, execArgv }) => {
  const thread = new Worker(new URL(file, import.meta.url), { workerData: subpath, execArgv, stdout: true, stderr: true })
  const texts = [streamed(thread.stdout), streamed(thread.stderr)]
  let failure = ''
  thread.once('error', (error) => { failure = String(error) })
  const code = await new Promise((resolve) => thread.once('exit', resolve))
  return { subpath, way, code, output: (await Promise.all(texts)).join('') + failure }
}
const waiting = [...JSON.parse(orders).entries()]
const found = []
const work = async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) found[next[0]] = await loaded(next[1])
}
await Promise.all([work(), work()])
console.log(JSON.stringify(found))
`

/**
 * Loads each subpath in each way, in a thread that has loaded nothing else: threads of one process share no module. A
 * process for each would show the same, and take longer.
 */
export async function loadEach(subpaths: readonly string[], project: EmptyProject): Promise<Loaded[]> {
  for (const way of WAYS) project.write(FILES[way], LOADERS[way])
  project.write('load-all.mjs', ALL)
  const orders = subpaths.flatMap((subpath) =>
    WAYS.map((way) => ({ subpath, way, file: FILES[way], execArgv: FLAGS[way] })),
  )
  const { code, output } = await project.node('load-all.mjs', JSON.stringify(orders))
  if (code !== 0) throw new Error(output)
  return JSON.parse(output)
}

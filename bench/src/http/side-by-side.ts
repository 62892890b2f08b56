import { join } from 'node:path'
import { Child } from '../child.ts'
import { compile, type FrameworkName } from './frameworks.ts'
import type { AskerOrder, AskerSample, ServeOrder, ServerStatus } from './http-process.ts'
import { fullTitle, type Side, sidesOf } from './sides.ts'

/** How much is measured. Durations are milliseconds. */
export interface HttpExtent {
  readonly rounds: number
  readonly connections: number
  /** Users who are logged in at each server. */
  readonly users: number
  /** Before the first round, of each server: code that has never run is slow. */
  readonly firstMs: number
  readonly warmupMs: number
  readonly measureMs: number
}

export const HTTP_EXTENTS = {
  full: { rounds: 24, connections: 32, users: 500, firstMs: 2_000, warmupMs: 50, measureMs: 250 },
  quick: { rounds: 1, connections: 8, users: 4, firstMs: 50, warmupMs: 10, measureMs: 60 },
} as const satisfies Record<string, HttpExtent>

export interface HttpSample extends AskerSample {
  /** Of all threads of the server, for one answer. In milliseconds. */
  readonly cpu: number
}

export interface HttpMeasured {
  readonly framework: FrameworkName
  readonly side: Side
  readonly round: number
  readonly sample: HttpSample
}

type Asker = Child<AskerOrder, AskerSample>

/** A server in its own process, seen from the process that measures. */
interface Server {
  readonly side: Side
  readonly port: number
  readonly child: Child<object, ServerStatus>
}

/** One framework after the other. The process that asks is the same for all. */
export async function measureFrameworks(
  names: readonly FrameworkName[],
  extent: HttpExtent,
  folder: string,
): Promise<HttpMeasured[]> {
  const asker: Asker = await Child.start('the asker', ['serve-asker'])
  try {
    const measured: HttpMeasured[] = []
    for (const name of names) measured.push(...(await measureFramework(name, asker, extent, folder)))
    return measured
  } finally {
    await asker.stop()
  }
}

/** All sides take turns in short slices, round after round, so that what else the machine does meets all alike. */
async function measureFramework(
  framework: FrameworkName,
  asker: Asker,
  extent: HttpExtent,
  folder: string,
): Promise<HttpMeasured[]> {
  const servers: Server[] = []
  const app = join(folder, `${framework}-app`)
  await compile(framework, app)
  try {
    for (const side of sidesOf(framework)) {
      servers.push(await start({ framework, side, folder: join(folder, framework), app }))
    }
    for (const { port } of servers) {
      await asker.ask({ logIn: { port, count: extent.users } })
      await askFor(asker, port, { ...extent, measureMs: extent.firstMs })
    }
    const measured: HttpMeasured[] = []
    for (let round = 0; round < extent.rounds; round += 1) {
      for (const server of inTurn(servers, round)) {
        const sample = await measureSlice(server, asker, extent)
        measured.push({ framework, side: server.side, round, sample })
      }
    }
    return measured
  } finally {
    await Promise.all(servers.map(({ child }) => child.stop()))
  }
}

async function start(order: ServeOrder): Promise<Server> {
  const { framework, side } = order
  const child = await Child.start<object, ServerStatus>(fullTitle(framework, side), [
    'serve-http',
    JSON.stringify(order),
  ])
  const { port } = await child.get({})
  return { side, port, child }
}

/** The first one is another in each round. */
function inTurn(servers: readonly Server[], round: number): readonly Server[] {
  const first = round % servers.length
  return [...servers.slice(first), ...servers.slice(0, first)]
}

async function measureSlice({ port, child }: Server, asker: Asker, extent: HttpExtent): Promise<HttpSample> {
  const before = await child.get({})
  const sample = await askFor(asker, port, extent)
  const after = await child.get({})
  return { ...sample, cpu: (after.cpuMs - before.cpuMs) / sample.answered }
}

function askFor(asker: Asker, port: number, extent: HttpExtent): Promise<AskerSample> {
  const { connections, warmupMs, measureMs } = extent
  return asker.get({ load: { port, connections, warmupMs, measureMs } })
}

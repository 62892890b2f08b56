import { setTimeout as pause } from 'node:timers/promises'
import { type RedisServer, type ServerConfig, startProxy, startRedis, type TcpProxy } from 'sojourn-servers'
import { everybody, type Fault, type Scene } from './scene.ts'

const STOPPED_MS = 3_000
const SILENT_MS = 1_500
const CUTS = 20
const BETWEEN_CUTS_MS = 50
const ALWAYS: ServerConfig = { appendonly: 'yes', appendfsync: 'always' }

type Strike = (server: RedisServer, proxy: TcpProxy) => Promise<unknown>

export const ON_ONE_SERVER: readonly Fault[] = [
  fault('kill -9, appendfsync always', async (server) => {
    await server.kill()
    await server.restart()
  }),
  fault('SIGSTOP for 3 s', async (server) => {
    server.pause()
    await pause(STOPPED_MS)
    server.resume()
  }),
  fault('connections cut 20 times', async (_server, proxy) => {
    for (let cut = 0; cut < CUTS; cut += 1) {
      proxy.cut()
      await pause(BETWEEN_CUTS_MS)
    }
  }),
  fault('cut after a request 20 times', async (_server, proxy) => {
    for (let cut = 0; cut < CUTS; cut += 1) await proxy.cutAfterRequest('EVALSHA')
  }),
  fault('replies dropped for 1.5 s', async (_server, proxy) => {
    proxy.dropReplies(true)
    await pause(SILENT_MS)
    proxy.dropReplies(false)
  }),
]

function fault(name: string, strike: Strike): Fault {
  return {
    name,
    topology: 'one server',
    survivedBy: 'the primary',
    isSilent: false,
    start: () => start(strike),
  }
}

async function start(strike: Strike): Promise<Scene> {
  const server = await startRedis({ config: ALWAYS })
  const proxy = await startProxy({ to: server })
  return {
    url: proxy.url,
    reached: everybody,
    strike: async () => {
      await strike(server, proxy)
      const servedAt = performance.now()
      return { servedAt, followedAt: servedAt }
    },
    settle: () => proxy.heal(),
    stop: async () => {
      await proxy.stop()
      await server.stop()
    },
  }
}

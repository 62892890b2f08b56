import { createServer } from 'node:http'
import { createClient } from 'redis'
import { Server } from 'socket.io'
import { WebSocketServer } from 'ws'
import { createSessionStore } from '../core/index.ts'
import { redis, redisFeed } from '../engines/redis/index.ts'
import { bindSessions } from './socket.io.ts'
import { withSocketSession } from './ws.ts'

/*
 * A process that holds sockets open, and in which nobody logs out. It tells its port.
 *
 *   node sockets-child.test-support.js <port of Redis> <prefix> [<port of Redis for the feed>]
 */
const [port = '', prefix = '', feedPort] = process.argv.slice(2)

async function clientAt(place: string) {
  const socket = { host: '127.0.0.1', port: Number(place), reconnectStrategy: 50 }
  const client = createClient({ socket })
  await client.on('error', () => undefined).connect()
  return client
}

const engine = redis({ client: await clientAt(port), prefix })
const feed = feedPort === undefined ? {} : { feed: redisFeed({ client: await clientAt(feedPort), prefix }) }
const store = await createSessionStore({ engine, ...feed })
const options = { origins: ['https://bank.example'] }
const server = createServer()
bindSessions(store, new Server(server), options)
const upgrade = withSocketSession(store, new WebSocketServer({ noServer: true }), options, (socket) =>
  socket.send('hello'),
)
server.on('upgrade', (request, stream, head) => {
  if (request.url === '/ws') void upgrade(request, stream, head)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})

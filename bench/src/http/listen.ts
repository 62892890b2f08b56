import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { Server } from 'node:net'
import type { Port } from './framework.ts'

export const HOST = '127.0.0.1'

/** On Node's own server, on a free port. */
export async function listen(listener: RequestListener): Promise<Port> {
  const server = createServer(listener).listen(0, HOST)
  await once(server, 'listening')
  return portOf(server)
}

export function portOf(server: Server): Port {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return address.port
}

import { connect, type Socket } from 'node:net'
import { type Answered, ResponseReader } from './response-reader.ts'

const HOST = '127.0.0.1'
/** As large as any answer here, several times over. */
const BUFFER_BYTES = 65_536

/** What an answer is followed by: the next request, or null for the end of the connection. */
export type Next = (answered: Answered) => Uint8Array | null

/**
 * Sends requests on one connection, each when the one before was answered; resolves when `next` has none.
 * Rejects when the server hangs up, or `next` throws.
 */
export function converse(port: number, first: Uint8Array, next: Next): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new ResponseReader()
    const end = (settle: () => void) => {
      socket.destroy()
      settle()
    }
    const callback = (length: number, bytes: Uint8Array): boolean => {
      try {
        const answered = reader.take(Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1'))
        const request = answered === null ? undefined : next(answered)
        if (request === null) end(resolve)
        else if (request !== undefined) socket.write(request)
      } catch (error) {
        end(() => reject(error))
      }
      return true
    }
    const onread = { buffer: Buffer.allocUnsafe(BUFFER_BYTES), callback }
    const socket: Socket = connect({ port, host: HOST, noDelay: true, onread })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`The server on port ${port} hung up.`)))
    socket.write(first)
  })
}

/** One request on a connection of its own. */
export async function ask(port: number, request: string): Promise<Answered> {
  const answers: Answered[] = []
  await converse(port, Buffer.from(request, 'latin1'), (answered) => {
    answers.push(answered)
    return null
  })
  const [answered] = answers
  if (answered === undefined) throw new Error(`The server on port ${port} answered nothing.`)
  return answered
}

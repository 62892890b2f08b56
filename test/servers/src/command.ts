import { Redis } from 'ioredis'

/** What a server answers, in the forms of RESP2. */
export type ServerReply = string | number | null | readonly ServerReply[]

export interface Access {
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
}

const LIMIT_MS = 30_000

/**
 * Sends one command on a connection of its own, so that nothing of an earlier kill, pause or fail-over is
 * left in it. Rejects with the server's error, or when the server does not answer in half a minute.
 */
export async function command(access: Access, args: readonly (string | number)[]): Promise<ServerReply> {
  const [name = '', ...rest] = args.map(String)
  const client = new Redis({
    ...access,
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    commandTimeout: LIMIT_MS,
  })
  // The reason reaches the caller through `connect`; an event without a listener would be printed.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return asReply(await client.call(name, ...rest))
  } finally {
    client.disconnect()
  }
}

function asReply(value: unknown): ServerReply {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  if (Array.isArray(value)) return value.map(asReply)
  throw new TypeError(`A reply of an unknown form: ${typeof value}`)
}

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { openArchive } from './archive/open-archive.ts'
import type { CommandLine } from './command-line.ts'
import { GuessLimit } from './customers/guess-limit.ts'
import { bucketKeyIn, prepareDirectory } from './data-directory.ts'
import { lockDirectory } from './directory-lock.ts'
import { openLedger } from './ledger/ledger.ts'
import { OpenParts } from './open-parts.ts'
import { openSessions } from './session/open-sessions.ts'
import { aboutRedis } from './start-failure.ts'
import { createApp } from './web/app.ts'
import type { Bank } from './web/bank.ts'

/** Requests that are still being answered after this are cut off when the bank stops. */
const DRAIN_LIMIT_MS = 10_000

export interface RunningBank {
  readonly url: string
  /** Stops listening, answers what has begun, and closes what is kept. */
  close(): Promise<void>
}

/** Opens what is kept on disk, then listens. Rejects when either cannot be. */
export async function startBank(line: CommandLine, environment: Environment = {}): Promise<RunningBank> {
  const parts = new OpenParts()
  try {
    const bank = await openBank(line, environment, parts)
    const server = createServer()
    const address = await listen(server, line.port, line.host)
    parts.add(() => stop(server))
    server.on('request', createApp(bank, originsAt(address.port)))
    return { url: urlOf(address), close: () => parts.close() }
  } catch (error) {
    // Why it cannot start is worth telling, not what followed from that.
    await parts.close().catch(() => undefined)
    throw error
  }
}

interface Environment {
  readonly bucketKey?: string | undefined
}

async function openBank(line: CommandLine, environment: Environment, parts: OpenParts): Promise<Bank> {
  const { redis, lifetime, recentAuth } = line
  const directory = resolve(line.data)
  await prepareDirectory(directory)
  parts.add(await lockDirectory(directory))
  const bucketKey = await bucketKeyIn(directory, environment.bucketKey)
  const archive = await openArchive({ directory, place: line.archive, now: Date.now() })
  if (archive !== null) parts.add(() => archive.close())
  const sessions = await openSessions({ directory, redis, bucketKey, lifetime, archive }).catch((error) => {
    throw redis === null ? error : aboutRedis(error, redis)
  })
  parts.add(() => sessions.close())
  const ledger = await openLedger(directory, sessions.clock.now())
  return { sessions, archive, ledger, guesses: new GuessLimit(), recentAuth }
}

/** A page of ours comes from one of these. They are compared as whole texts, so the port belongs to them. */
function originsAt(port: number): string[] {
  return ['localhost', '127.0.0.1', '[::1]'].map((host) => `http://${host}:${port}`)
}

function urlOf({ address, family, port }: AddressInfo): string {
  const isHere = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(address)
  const host = isHere ? 'localhost' : family === 'IPv6' ? `[${address}]` : address
  return `http://${host}:${port}`
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address)
    })
  })
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS)
    // Connections that wait for a next request are closed at once; those with an answer under way are not.
    server.close(() => {
      clearTimeout(cutOff)
      resolve()
    })
  })
}

import { readFileSync } from 'node:fs'
import { serveParent } from '../child.ts'
import { measureReads, type ReadLoad, type ReadSample } from './reads.ts'
import { EXPIRY_MS, type OpenOrder, SettlingStore } from './settling-store.ts'
import { measureThroughput, type ThroughputSample } from './throughput.ts'

/** What the parent asks for. */
export type ArchiveRequest =
  | { readonly throughput: number }
  /** Makes so many sessions that are long due; they wait for `drain`. Or so many that fall due while the clock goes. */
  | { readonly backlog: number; readonly perSecond: number | null }
  /** Makes so many sessions that live, for reads. */
  | { readonly live: number }
  /** Begins to settle, or stops, and with it the clock. */
  | { readonly drain: boolean }
  /** Holds the clock: no more falls due than what has. */
  | { readonly hold: true }
  | { readonly read: ReadLoad }
  | { readonly status: true }

export interface SettlerStatus {
  /** Sessions that are archived; each is settled right after. */
  readonly settled: number
  readonly lagMs: number
  /** Of the process itself, mapped files apart. */
  readonly memoryBytes: number
}

export type ArchiveAnswer =
  | { readonly samples: readonly ThroughputSample[] }
  | { readonly reads: ReadSample }
  | { readonly status: SettlerStatus }

/** A store with its archive in a process of its own. */
export async function serveArchive(order: OpenOrder): Promise<void> {
  const settling = await SettlingStore.open(order)
  const side = new Side(settling)
  serveParent(
    (request: ArchiveRequest) => side.carryOut(request),
    () => settling.close(),
  )
}

class Side {
  readonly #settling: SettlingStore
  #tokens: readonly string[] = []

  constructor(settling: SettlingStore) {
    this.#settling = settling
  }

  async carryOut(request: ArchiveRequest): Promise<ArchiveAnswer | null> {
    const { clock, store } = this.#settling
    if ('throughput' in request) {
      return { samples: await measureThroughput(this.#settling, request.throughput) }
    }
    if ('read' in request) {
      return { reads: await measureReads(request.read, this.#tokens.length, (call) => this.#read(call)) }
    }
    if ('status' in request) {
      const { lagMs } = store.archive.status()
      // The engine also counts tombstones that it forgets.
      return { status: { settled: store.counters().archived, lagMs, memoryBytes: ownMemory() } }
    }
    if ('backlog' in request) {
      await this.#makeBacklog(request.backlog, request.perSecond)
    } else if ('live' in request) {
      this.#tokens = await this.#settling.create(request.live)
    } else if ('hold' in request) clock.hold()
    else if (request.drain) this.#settling.drain()
    else {
      await this.#settling.rest()
      clock.hold()
    }
    return null
  }

  async #makeBacklog(count: number, perSecond: number | null): Promise<void> {
    if (perSecond !== null) return await this.#settling.createEvenly(count, perSecond)
    await this.#settling.create(count)
    this.#settling.clock.advance(EXPIRY_MS)
  }

  async #read(index: number): Promise<void> {
    const session = await this.#settling.store.read(this.#tokens[index] ?? '', { touch: false })
    if (session?.data.theme !== 'dark') throw new Error('The session was not read.')
  }
}

function ownMemory(): number {
  if (process.platform !== 'linux') return process.memoryUsage.rss()
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return 1_024 * Number(kilobytes)
}

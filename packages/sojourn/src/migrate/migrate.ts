import { SessionError } from '../core/errors.ts'
import type { Imported } from '../core/foreign-old.ts'
import type { ForeignSessions } from '../core/foreign-sessions.ts'
import type { OldStore } from '../core/old-store.ts'
import type { SessionStore } from '../core/session-store.ts'
import { type FrameworkName, formOf } from './forms.ts'

const CONCURRENCY = 16
const CONCURRENCY_CEILING = 256

/** The drop-in store that sessions go to, by the same options as that has. */
export interface MigrateTarget<Data> {
  readonly sessions: SessionStore<Data>
  readonly as: FrameworkName
  readonly userId?: (session: Readonly<Record<string, unknown>>) => string | null | undefined
  readonly label?: string
}

export interface MigrateOptions {
  /** Told after each page, and awaited: keep `next` somewhere, to go on from there another time. */
  readonly onProgress?: (progress: MigrateProgress) => unknown
  /** Only says what would come of it. Default false. */
  readonly dryRun?: boolean
  /** `next` of an earlier run. Left out: from the beginning. */
  readonly resumeFrom?: string | null
  /** So many sessions at once. Default 16, at most 256. */
  readonly concurrency?: number
  /** Stops after the page that is under way. */
  readonly signal?: AbortSignal
}

/** How far it is. The counts are of this run. */
export interface MigrateProgress {
  readonly seen: number
  readonly imported: number
  /** Were here before. */
  readonly known: number
  /** Had left the old store when they were fetched. */
  readonly missed: number
  /** Break a rule of this store, such as its size limit; they stay where they are. */
  readonly refused: number
  /** Are no sessions; they stay where they are. */
  readonly unreadable: number
  /** Where to go on; null when it is done. */
  readonly next: string | null
  /** About how much is done, from 0 to 1. */
  readonly done: number
}

/**
 * Fetches all sessions of an old store, page by page, for those who will not wait until each of them is asked for.
 * Holds no more than one page; may be run again at any time, and beside the application.
 * @throws SessionError `INVALID_ARGUMENT`, `ENGINE_UNAVAILABLE`; and whatever the old store's driver says
 */
export async function migrate<Data>(
  from: OldStore,
  to: MigrateTarget<Data>,
  options: MigrateOptions = {},
): Promise<MigrateProgress> {
  const { onProgress, dryRun = false, resumeFrom = null, signal } = options
  const { concurrency = CONCURRENCY } = options
  checkConcurrency(concurrency)
  const foreign = foreignOf(from, to)
  let progress = { ...ZERO, next: resumeFrom }
  do {
    const { ids, next, done } = await from.page(progress.next)
    const counts = await fetched(foreign, ids, { dryRun, concurrency })
    progress = { ...sum(progress, counts), next, done }
    await onProgress?.(progress)
  } while (progress.next !== null && signal?.aborted !== true)
  return progress
}

type Counts = Omit<MigrateProgress, 'next' | 'done'>

const NONE: Counts = { seen: 0, imported: 0, known: 0, missed: 0, refused: 0, unreadable: 0 }
const ZERO: MigrateProgress = { ...NONE, next: null, done: 0 }

function foreignOf<Data>(
  store: OldStore,
  { sessions, as, userId, label = as }: MigrateTarget<Data>,
): ForeignSessions<Data> {
  const migrateFrom = { store, form: formOf(as) }
  return sessions.foreign({ label, migrateFrom, ...(userId === undefined ? {} : { userId }) })
}

/** Each of a few lines takes the next id when it is done with one. */
async function fetched(
  foreign: Pick<ForeignSessions<unknown>, 'fetch'>,
  ids: readonly string[],
  { dryRun, concurrency }: { readonly dryRun: boolean; readonly concurrency: number },
): Promise<Counts> {
  const waiting = ids.values()
  const outcomes: Imported[] = []
  const line = async (): Promise<void> => {
    for (const id of waiting) outcomes.push(await foreign.fetch(id, { dryRun }))
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, ids.length) }, line))
  const countOf = (wanted: Imported): number => outcomes.filter((outcome) => outcome === wanted).length
  return {
    seen: ids.length,
    imported: countOf('imported'),
    known: countOf('known'),
    missed: countOf('missed'),
    refused: countOf('refused'),
    unreadable: countOf('unreadable'),
  }
}

function sum(a: Counts, b: Counts): Counts {
  return {
    seen: a.seen + b.seen,
    imported: a.imported + b.imported,
    known: a.known + b.known,
    missed: a.missed + b.missed,
    refused: a.refused + b.refused,
    unreadable: a.unreadable + b.unreadable,
  }
}

function checkConcurrency(concurrency: unknown): void {
  const isWhole = typeof concurrency === 'number' && Number.isInteger(concurrency)
  if (isWhole && concurrency >= 1 && concurrency <= CONCURRENCY_CEILING) return
  throw new SessionError(
    'INVALID_ARGUMENT',
    `concurrency must be a whole number from 1 to ${CONCURRENCY_CEILING}.`,
  )
}

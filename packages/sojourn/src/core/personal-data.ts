import type { ArchiveDestination, HistoryQuery, PastSession } from './archive.ts'
import { type StoreContext, sessionOf, userKeyOf } from './context.ts'
import { type DeadLetter, DeadLetters } from './dead-letters.ts'
import { endUserSessions } from './ending.ts'
import { Erasure } from './erasure.ts'
import { NEVER } from './port.ts'
import type { Session } from './session.ts'
import type { StoreRecord } from './store-record.ts'

const PAGE = 100

/**
 * What a store and its archive hold about a user. What has ended and is on its way to the archive, a few seconds or as
 * long as that cannot be reached, is in neither.
 */
export interface UserExport<Data> {
  readonly live: readonly Session<Data>[]
  readonly deadLetters: readonly DeadLetter[]
  /** Null where this process cannot ask the archive: whoever archives must be asked. */
  readonly archived: readonly PastSession[] | null
}

/** What was erased of a user. */
export interface UserErased {
  /** Live sessions that were ended. */
  readonly ended: number
  readonly deadLetters: number
  /** Sessions in the archive; null where this process cannot erase there: whoever archives must. */
  readonly archived: number | null
}

/** What this needs of a store. */
interface Holder<Data> {
  readonly context: StoreContext<Data>
  readonly about: Pick<StoreRecord, 'archives'>
  /** Null in a process that does not archive; others of the same store may. */
  readonly destination: ArchiveDestination | null
}

/** Reads all that is held about a user (GDPR, article 15; SECURITY T150). */
export async function exportUserData<Data>(holder: Holder<Data>, userId: string): Promise<UserExport<Data>> {
  const { context } = holder
  const user = userKeyOf(context, userId)
  await context.records.refresh()
  const records = await context.engine.list(user, context.clock.now())
  const live = records.filter((record) => context.records.isLive(record, context.clock.now()))
  const letters = await new DeadLetters(context.engine).ofUser(user)
  return {
    live: await Promise.all(live.map((record) => sessionOf(context, record))),
    deadLetters: letters.map(({ about }) => about),
    archived: await archivedOf(holder, userId),
  }
}

/**
 * Ends the user's sessions and removes what is held about the user (GDPR, article 17; SECURITY T111, T150). First the
 * mark: from then on nothing of theirs that waits is archived. What is being written at that very moment is erased a
 * minute later, by whoever sweeps.
 */
export async function eraseUserData<Data>(holder: Holder<Data>, userId: string): Promise<UserErased> {
  const { context, about, destination } = holder
  const user = userKeyOf(context, userId)
  await context.records.refresh()
  if (about.archives) await new Erasure(context.engine).mark(user, context.clock.now())
  const ended = await endUserSessions(context, userId, 'erased', null)
  const letters = new DeadLetters(context.engine)
  const mine = await letters.ofUser(user)
  for (const letter of mine) await letters.forget(letter, context.clock.now())
  const counts = { ended: ended.length, deadLetters: mine.length }
  if (!about.archives) return { ...counts, archived: 0 }
  const erase = destination?.erase ?? null
  return { ...counts, archived: erase === null ? null : await erase(userId, NEVER) }
}

async function archivedOf<Data>({ about, destination }: Holder<Data>, userId: string) {
  if (!about.archives) return []
  const history = destination?.history ?? null
  if (history === null) return null
  const all: PastSession[] = []
  let last: PastSession | null = null
  for (let isFull = true; isFull; ) {
    const query: HistoryQuery = { userId, limit: PAGE, ...(last === null ? {} : { before: last }) }
    const page: readonly PastSession[] = await history(query)
    all.push(...page)
    isFull = page.length === PAGE
    last = page.at(-1) ?? null
  }
  return all
}

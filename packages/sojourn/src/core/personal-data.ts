import type { HistoryQuery, PastSession } from './archive.ts'
import { WRITE_MS } from './archive-writer.ts'
import type { Archiver } from './archiver.ts'
import type { Clock } from './clock.ts'
import { type StoreContext, sessionOf, userKeyOf } from './context.ts'
import type { DeadLetter } from './dead-letters.ts'
import { endUserSessions } from './ending.ts'
import type { Milliseconds } from './port.ts'
import type { Session } from './session.ts'

const PAGE = 100

/** Everything that a store and its archive hold about a user. */
export interface UserExport<Data> {
  readonly live: readonly Session<Data>[]
  readonly deadLetters: readonly DeadLetter[]
  /** Null where the archive cannot be asked: its owner must be. */
  readonly archived: readonly PastSession[] | null
}

/** What was erased of a user. */
export interface UserErased {
  /** Live sessions that were ended. */
  readonly ended: number
  readonly deadLetters: number
  /** Sessions in the archive; null where it cannot erase: its owner must. */
  readonly archived: number | null
}

/** Reads all that is held about a user (GDPR, article 15; SECURITY T150). */
export async function exportUserData<Data>(
  context: StoreContext<Data>,
  archiver: Archiver<Data> | null,
  userId: string,
): Promise<UserExport<Data>> {
  await context.records.refresh()
  const records = await context.engine.list(userKeyOf(context, userId), context.clock.now())
  const live = records.filter((record) => context.records.isLive(record, context.clock.now()))
  const letters = archiver === null ? [] : await archiver.letters.list(userId)
  return {
    live: await Promise.all(live.map((record) => sessionOf(context, record))),
    deadLetters: letters.map(({ about }) => about),
    archived: archiver === null ? [] : await archivedOf(archiver, userId),
  }
}

/**
 * Ends the user's sessions and removes what is held about the user (GDPR, article 17; SECURITY T111, T150). First the
 * mark: what of theirs waits to be archived never is. What was on its way at that moment arrives within the time that
 * a destination has, so the archive is asked again when that is over.
 */
export async function eraseUserData<Data>(
  context: StoreContext<Data>,
  archiver: Archiver<Data> | null,
  userId: string,
): Promise<UserErased> {
  await context.records.ready()
  if (archiver !== null) await archiver.erasure.mark(userKeyOf(context, userId), context.clock.now())
  const ended = await endUserSessions(context, userId, 'erased', null)
  if (archiver === null) return { ended: ended.length, deadLetters: 0, archived: 0 }
  const letters = await archiver.letters.list(userId)
  for (const letter of letters) await archiver.letters.forget(letter, context.clock.now())
  const { erase } = archiver.archive.destination
  if (erase === null) return { ended: ended.length, deadLetters: letters.length, archived: null }
  const before = await erase(userId)
  await pause(context.clock, WRITE_MS)
  return { ended: ended.length, deadLetters: letters.length, archived: before + (await erase(userId)) }
}

async function archivedOf<Data>(archiver: Archiver<Data>, userId: string): Promise<PastSession[] | null> {
  const { history } = archiver.archive.destination
  if (history === null) return null
  const all: PastSession[] = []
  let last: PastSession | null = null
  for (let isFull = true; isFull; ) {
    const query: HistoryQuery =
      last === null ? { userId, limit: PAGE } : { userId, limit: PAGE, before: last }
    const page: readonly PastSession[] = await history(query)
    all.push(...page)
    isFull = page.length === PAGE
    last = page.at(-1) ?? null
  }
  return all
}

function pause(clock: Clock, ms: Milliseconds): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}

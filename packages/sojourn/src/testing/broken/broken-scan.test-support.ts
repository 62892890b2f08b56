import type { Engine, Page, SessionId, SessionRecord } from '../../core/port.ts'
import { type BrokenEngine, broken, brokenHandle } from './broken-engine.test-support.ts'

const ALL = 'a walk gives all that is stored, whatever it is, as read returns it'
const LIMIT = 'the pages of a walk, large or small, hold no more than their limit and together everything'
const LOST = 'a session that the index had lost is walked over as read returns it'
const EMPTY = 'a walk over nothing gives nothing and ends'
const FULL = 'a walk ends behind a last page that is full'
const COMES_AND_GOES = 'a walk misses nothing that stays, whatever comes and goes meanwhile'
const WRITTEN = 'a walk misses no session that is used or ended meanwhile'
const GONE = 'a walk gives nothing that is not stored any more'
const TWO = 'two walks at a time are each complete'
const HANDLES = 'a walk that one handle began another one goes on with'
const REFUSED = 'a limit of nothing and a page that never was are refused'

/** An engine whose pages are changed on their way. */
function paged(
  name: string,
  caughtBy: readonly string[],
  change: (page: Page, limit: number) => Page,
): BrokenEngine {
  return broken(name, caughtBy, (engine) => ({
    scan: async (after, limit) => change(await engine.scan(after, limit), limit),
  }))
}

/** An engine that gives only some records. */
function without(
  name: string,
  caughtBy: readonly string[],
  isGiven: (record: SessionRecord) => boolean,
): BrokenEngine {
  return paged(name, caughtBy, ({ records, next }) => ({ records: records.filter(isGiven), next }))
}

/** Everything, in one step. */
async function everything(engine: Engine): Promise<SessionRecord[]> {
  const records: SessionRecord[] = []
  let after: string | null = null
  do {
    const page: Page = await engine.scan(after, 500)
    records.push(...page.records)
    after = page.next
  } while (after !== null)
  return records
}

/** Walks by counting through the records in some order: what comes and goes moves all that is behind it. */
function counted(name: string, caughtBy: readonly string[], order: (record: SessionRecord) => string) {
  return broken(name, caughtBy, (engine) => ({
    scan: async (after, limit) => {
      const first = Number(after)
      const all = (await everything(engine)).sort((a, b) => (order(a) < order(b) ? -1 : 1))
      const next = first + limit
      return { records: all.slice(first, next), next: next < all.length ? String(next) : null }
    },
  }))
}

export const brokenScan: readonly BrokenEngine[] = [
  without('a walk passes over what has ended', [ALL, LOST], ({ ended }) => ended === null),
  without('a walk passes over anonymous sessions', [ALL, LIMIT], ({ userId }) => userId !== null),
  without("a walk passes over the store's own", [ALL], ({ id }) => id !== '----------------'),
  without('a walk passes over the other buckets', [ALL, LIMIT, FULL], ({ id }) => id.startsWith('Ab')),
  paged('a walk gives sessions as if nobody had ended them', [ALL, LOST], ({ records, next }) => ({
    records: records.map((record) => ({ ...record, ended: null })),
    next,
  })),
  paged('a walk leaves out the data', [ALL, LIMIT], ({ records, next }) => ({
    records: records.map((record) => ({ ...record, data: new Uint8Array() })),
    next,
  })),
  broken('a page takes no notice of its limit', [LIMIT, FULL], (engine) => ({
    scan: async (after) => engine.scan(after, 500),
  })),
  broken('a walk ends with its first page', [LIMIT, FULL, COMES_AND_GOES, TWO], (engine) => ({
    scan: async (after, limit) => ({ ...(await engine.scan(after, limit)), next: null }),
  })),
  paged('a walk begins again behind its last page', [EMPTY, FULL], ({ records, next }) => ({
    records,
    next: next ?? '0',
  })),
  counted('a walk counts through the records by id', [COMES_AND_GOES], ({ id }) => id),
  counted(
    'a walk counts through the records by deadline',
    [WRITTEN],
    ({ expiresAt, id }) => `${expiresAt} ${id}`,
  ),
  broken('a walk shows what was stored when it began', [GONE, TWO], (engine) => {
    let seen: SessionRecord[] = []
    return {
      scan: async (after, limit) => {
        if (after === null) seen = await everything(engine)
        const records = seen.splice(0, limit)
        return { records, next: seen.length > 0 ? '1' : null }
      },
    }
  }),
  brokenHandle('each handle keeps where its walks are', [HANDLES], (engine) => {
    const given = new Set<SessionId>()
    return {
      scan: async (after, limit) => {
        if (after === null) given.clear()
        const page = await engine.scan(given.has(after ?? '') ? after : null, limit)
        if (page.next !== null) given.add(page.next)
        return { ...page, next: after !== null && !given.has(after) ? null : page.next }
      },
    }
  }),
  broken('scan takes any limit and any page', [REFUSED], (engine) => ({
    scan: (after, limit) => engine.scan(/^\d+$/.test(after ?? '0') ? after : null, limit >= 1 ? limit : 1),
  })),
]

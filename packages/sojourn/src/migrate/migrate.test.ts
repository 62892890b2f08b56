import { describe, expect, onTestFinished, test } from 'vitest'
import { called } from '../compat/express-site.test-support.ts'
import { sessionFor } from '../compat/express-world.test-support.ts'
import { ENGINES } from '../core/engines.test-support.ts'
import type { OldStore } from '../core/old-store.ts'
import { Monitor } from '../engines/redis/monitor.test-support.ts'
import { heldBytes } from '../testing/held-bytes.test-support.ts'
import { run } from './command.ts'
import { HOUR, idIn, Moving, oldServer, shown, takeTo } from './express-move.test-support.ts'
import { type MigrateProgress, migrate } from './migrate.ts'
import { shareBehind } from './old-keys.ts'

const [memory, lmdb] = ENGINES
/** A million with `SOJOURN_MIGRATE=all`, which takes minutes. */
const isAll = process.env['SOJOURN_MIGRATE'] === 'all'
const MANY = isAll ? 1_000_000 : 20_000
const IN_BULK = isAll ? 1_000_000 : 5_000
const WALKS = ['SCAN', 'KEYS', 'HSCAN', 'SSCAN', 'ZSCAN', 'RANDOMKEY', 'DBSIZE', 'SORT']

/** Old keys as connect-redis writes them. */
async function fill(moving: Moving, count: number): Promise<void> {
  for (let start = 0; start < count; start += 1_000) {
    const batch = moving.client.multi()
    for (let index = start; index < Math.min(count, start + 1_000); index += 1) {
      const text = JSON.stringify({ ...sessionFor(HOUR, { user: `user${index}` }) })
      batch.set(`${moving.prefix}id${index}`, text, { expiration: { type: 'EX', value: 3_600 } })
    }
    await batch.execAsPipeline()
  }
}

function userIn({ user }: Readonly<Record<string, unknown>>): string | null {
  return typeof user === 'string' ? user : null
}

describe('migrate', () => {
  test.each(ENGINES)(
    'fetches all over $name, tells what came of each, and can be run again',
    async (engine) => {
      const moving = await Moving.over(engine)
      await fill(moving, 500)
      await moving.client.set(`${moving.prefix}odd`, 'tea')
      await moving.client.set(`${moving.prefix}big`, JSON.stringify({ cookie: {}, x: 'x'.repeat(100_000) }))
      const { store, sessions } = await moving.newStore(moving.reader())
      const to = { sessions, as: 'express-session', userId: userIn } as const
      const steps: MigrateProgress[] = []
      const dry = await migrate(moving.reader(), to, { dryRun: true, onProgress: (step) => steps.push(step) })
      expect(dry).toMatchObject({ seen: 502, imported: 500, refused: 1, unreadable: 1, next: null, done: 1 })
      expect(steps.length).toBeGreaterThan(1)
      expect(steps.map(({ done }) => done)).toEqual(
        steps
          .map(({ done }) => done)
          .slice()
          .sort((a, b) => a - b),
      )
      expect(
        [await moving.keys(), await sessions.list({ userId: 'user7' })].map(({ length }) => length),
      ).toEqual([502, 0])
      const counts = { seen: 502, imported: 500, known: 0, missed: 0, refused: 1, unreadable: 1 }
      expect(await migrate(moving.reader(), to)).toEqual({ ...counts, next: null, done: 1 })
      expect(await moving.keys()).toHaveLength(2)
      expect(await sessions.list({ userId: 'user7' })).toHaveLength(1)
      expect(await called((done) => store.get('id7', done))).toMatchObject({ user: 'user7' })
      expect(await migrate(moving.reader(), to)).toMatchObject({ seen: 2, imported: 0 })
    },
  )

  test('goes on where it was stopped, and loses nobody', async () => {
    const moving = await Moving.over(memory)
    await fill(moving, 2_000)
    const { sessions } = await moving.newStore(moving.reader())
    const to = { sessions, as: 'express-session', userId: userIn } as const
    const stop = new AbortController()
    const first = await migrate(moving.reader('mirror'), to, {
      signal: stop.signal,
      onProgress: ({ done }) => done > 0.4 && stop.abort(),
    })
    expect(first.next).not.toBeNull()
    const rest = await migrate(moving.reader('mirror'), to, { resumeFrom: first.next })
    expect(rest.seen).toBeLessThan(1_900)
    expect(first.imported + rest.imported).toBe(2_000)
    expect(rest.next).toBeNull()
  })

  test('holds one page, and so many sessions at once as it was told', async () => {
    const moving = await Moving.over(memory)
    await fill(moving, 1_000)
    const reader = moving.reader()
    let [open, most, pages] = [0, 0, 0]
    const line: OldStore = {
      ...reader,
      page: (after) => {
        pages += 1
        return reader.page(after)
      },
      read: async (id, now) => {
        open += 1
        most = Math.max(most, open)
        return reader.read(id, now).finally(() => {
          open -= 1
        })
      },
    }
    const { sessions } = await moving.newStore(reader)
    await migrate(line, { sessions, as: 'express-session' }, { concurrency: 3 })
    expect(most).toBe(3)
    expect(pages).toBeGreaterThan(3)
  })

  test('refuses what it cannot do', async () => {
    const moving = await Moving.over(memory)
    const { sessions } = await moving.newStore(moving.reader())
    const to = { sessions, as: 'express-session' } as const
    const invalid = { code: 'INVALID_ARGUMENT' }
    for (const concurrency of [0, 257, 1.5, Number.NaN]) {
      await expect(migrate(moving.reader(), to, { concurrency })).rejects.toMatchObject(invalid)
    }
    await expect(migrate(moving.reader(), to, { resumeFrom: '1 MATCH *' })).rejects.toMatchObject(invalid)
    const as: string = 'toString'
    await expect(Reflect.apply(migrate, null, [moving.reader(), { ...to, as }])).rejects.toMatchObject(
      invalid,
    )
  })

  test('the place of a walk tells how much of it is done', () => {
    expect(['0', '9223372036854775808', '1', '3', '2'].map(shareBehind)).toEqual([0, 0, 0.5, 0.75, 0.25])
  })

  test('as a command it shows how far it is, and says where to go on', async () => {
    const moving = await Moving.over(memory)
    await fill(moving, 1_000)
    const { sessions } = await moving.newStore(moving.reader())
    const to = { sessions, as: 'express-session', userId: userIn } as const
    const stop = new AbortController()
    const [lines, complaints]: [string[], string[]] = [[], []]
    const terminal = {
      print: (line: string) => lines.push(line),
      show: (line: string) => lines.push(line),
      complain: (line: string) => complaints.push(line),
      load: async () => () => ({ from: moving.reader('mirror'), to, close: () => lines.push('closed') }),
    }
    stop.abort()
    expect(await run(['file.mjs'], { ...terminal, signal: stop.signal })).toBe(1)
    const [, place = ''] = /^Go on with --resume (\d+)$/.exec(complaints[0] ?? '') ?? []
    const signal = new AbortController().signal
    expect(await run(['file.mjs', '--resume', place], { ...terminal, signal })).toBe(0)
    expect(lines.at(-2)).toMatch(/^█{30} 100 % {2}\d+ seen, \d+ imported$/)
    expect(lines.at(-1)).toBe('closed')
    expect(await run(['file.mjs'], { ...terminal, load: async () => ({}), signal })).toBe(2)
    expect(await run([], { ...terminal, signal })).toBe(2)
  })
})

describe('MI5', () => {
  test(`MI5: beside ${MANY} old keys a request sends two short commands, and nothing ever walks`, async () => {
    const moving = await Moving.over(memory)
    await fill(moving, MANY)
    const old = (await moving.oldSite()).browser()
    await old.post('/login?user=ada')
    const after = await moving.newSite()
    const monitor = await Monitor.on(await oldServer())
    onTestFinished(() => monitor[Symbol.asyncDispose]())
    const id = idIn(old)
    const seen = await monitor.during(async () => {
      expect(await shown(takeTo(after, old))).toEqual({ user: 'ada' })
      for (let index = 0; index < 50; index += 1) {
        const found = await called((done) => after.store.get(`id${index}`, done))
        expect(found).toMatchObject({ user: `user${index}` })
      }
      await shown(takeTo(after, old))
      await takeTo(after, old).post('/logout')
    })
    const names = new Map<string, number>()
    for (const { name, args } of seen) {
      if (args[0]?.startsWith(moving.prefix)) names.set(name, 1 + (names.get(name) ?? 0))
    }
    expect(Object.fromEntries(names)).toEqual({ GETRANGE: 51, PTTL: 51, DEL: 52 })
    expect(seen.filter(({ name }) => WALKS.includes(name))).toEqual([])
    const ofOurs = seen.filter(({ args }) => args.includes(moving.prefix + id)).map(({ name }) => name)
    expect(ofOurs.sort()).toEqual(['DEL', 'DEL', 'GETRANGE', 'PTTL'])
  })

  test('MI5: a broken twin that looks for a key among all of them is found', async () => {
    const moving = await Moving.over(memory)
    await fill(moving, 10)
    const reader = moving.reader()
    const broken: OldStore = {
      ...reader,
      read: async (id, now) => {
        const { ids } = await reader.page(null)
        return ids.includes(id) ? reader.read(id, now) : null
      },
    }
    const { store } = await moving.newStore(broken)
    const monitor = await Monitor.on(await oldServer())
    onTestFinished(() => monitor[Symbol.asyncDispose]())
    const seen = await monitor.during(() => called((done) => store.get('id1', done)))
    expect(seen.filter(({ name }) => WALKS.includes(name))).not.toEqual([])
  })

  test(`MI5: all ${IN_BULK} are fetched in pages, without a list of them`, async () => {
    // Over the engine that keeps nothing in memory, so that what is held there is the walk's.
    const moving = await Moving.over(lmdb)
    await fill(moving, IN_BULK)
    const { sessions } = await moving.newStore(moving.reader())
    const heldBefore = heldBytes()
    let [pages, most] = [0, 0]
    const onProgress = () => {
      pages += 1
      // A collection takes as long as many pages.
      if (pages % 500 === 1) most = Math.max(most, heldBytes())
    }
    const to = { sessions, as: 'express-session', userId: userIn } as const
    const progress = await migrate(moving.reader(), to, { concurrency: 32, onProgress })
    expect(progress.imported).toBe(IN_BULK)
    expect(pages).toBeGreaterThan(IN_BULK / 1_000)
    expect(await moving.keys()).toEqual([])
    // Of a million, their ids alone would take three times as much.
    expect(most - heldBefore).toBeLessThan(24 * 2 ** 20)
  }, 1_800_000)
})

import type { Activity } from './activity.ts'
import { jsonCopy } from './foreign-data.ts'
import { linkContentIn } from './foreign-link.ts'
import type { ForeignOptions } from './foreign-options.ts'
import type { ForeignSession, ForeignSessions, WalkedEntry } from './foreign-sessions.ts'
import type { ForeignView } from './foreign-view.ts'
import type { SessionRecord } from './port.ts'
import type { StagedEngine } from './staged-engine.test-support.ts'
import { MINUTE, type Place, type Visit, type World } from './world.test-support.ts'

/** The `user` field, as an application would say whose data it is. */
export function userIn({ user }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof user === 'string' ? user : undefined
}

/** A drop-in store as one process has it. */
export class Desk {
  readonly place: Place
  readonly sessions: ForeignSessions<Visit>

  static async open(world: World, options: Partial<ForeignOptions> = {}): Promise<Desk> {
    return new Desk(await world.place(), options)
  }

  constructor(place: Place, options: Partial<ForeignOptions> = {}) {
    this.place = place
    this.sessions = place.store.foreign({ label: 'test', userId: userIn, ...options })
  }

  /** What is there, where something must be. */
  async read(id: string): Promise<ForeignSession> {
    const found = await this.sessions.read(id)
    if (found === null) throw new Error(`nothing is stored under ${id}`)
    return found
  }

  /** The data alone. */
  async data(id: string): Promise<Record<string, unknown> | null> {
    return (await this.sessions.read(id))?.data ?? null
  }

  write(
    id: string,
    data: unknown,
    view: ForeignView | null = null,
    use: Activity | null = null,
  ): Promise<boolean> {
    return this.sessions.write(id, { data: jsonCopy(data), use, view })
  }

  /** A write to `one` that stands still at one of its calls until it is released. */
  async holds(data: unknown, ...at: Parameters<StagedEngine['hold']>) {
    const { view } = await this.read('one')
    const { reached, release } = this.place.line.hold(...at)
    const written = this.write('one', data, view)
    await reached
    return { written, release }
  }

  touch(id: string, use: Activity | null = null, view: ForeignView | null = null): Promise<boolean> {
    return this.sessions.touch(id, { use, view })
  }
}

/** A use at this moment of the world, for so long. */
export function lasting(world: World, ms: number): Activity {
  const seenAt = world.clock.now()
  return { seenAt, expiresAt: seenAt + ms }
}

/** All that a walk comes by. */
export async function walkOf({ sessions }: Desk): Promise<WalkedEntry[]> {
  const found: WalkedEntry[] = []
  for await (const page of sessions.all()) found.push(...page)
  return found
}

/** As a disk, or another key, would: what is stored for the session is no data any more. */
export async function damage(world: World, id: string): Promise<void> {
  const record = await world.stored(id)
  const damaged = { ...record, version: record.version + 1, data: Buffer.of(255, 1, 2) }
  await world.raw.replace(damaged, record.version, world.clock.now())
}

/** Every record that is stored. */
export async function everything(world: World): Promise<SessionRecord[]> {
  const found: SessionRecord[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<typeof world.raw.scan>> = await world.raw.scan(after, 100)
    found.push(...page.records)
    after = page.next
  } while (after !== null)
  return found
}

export async function linksOf(world: World): Promise<SessionRecord[]> {
  return (await everything(world)).filter((record) => linkContentIn(record) !== null)
}

/** Time goes by in steps, and after each of them all that is due is settled. */
export async function sweepFor(world: World, { store }: Place, ms: number, step = MINUTE): Promise<void> {
  for (let gone = 0; gone < ms; gone += step) {
    world.clock.advance(step)
    while ((await store.sweep()) > 0);
  }
}

import assert from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { over } from '../testing/shareable-store.test-support.ts'
import { ENGINES, type EngineUnderTest } from './engines.test-support.ts'
import type { Instant, SessionRecord } from './port.ts'
import { RotationModel, type Standing } from './rotation-model.test-support.ts'
import { Chance } from './scheduler.test-support.ts'
import { presentedAs } from './secrets.ts'
import type { SessionStore } from './session-store.ts'
import { digestOf } from './token.ts'
import type { Visit } from './world.test-support.ts'
import { MINUTE, SECOND, World } from './world.test-support.ts'

const { SOJOURN_STORMS = '500' } = process.env
/** How many life stories of a session are played; each has forty steps. */
const STORIES = Number(SOJOURN_STORMS)
const STEPS = 40
const HOURS = 3 * 3_600_000

/*
 * Stories are told in plain assertions: Vitest's `expect` takes longer than the step that it looks at.
 */

/** A session, its rightful user with one cookie jar, and a thief who copies what he can. */
class Story {
  readonly chance: Chance
  readonly #world: World
  readonly #stores: readonly SessionStore<Visit>[]
  readonly #model: RotationModel
  /** Every token of the session so far, with the digest of its secret. */
  readonly #issued = new Map<string, Uint8Array>()
  /** What the user's browser holds, and what the thief has got hold of. */
  #jar: string
  readonly #loot: string[] = []
  #lastRotation: Instant

  constructor(chance: Chance, world: World, stores: readonly SessionStore<Visit>[], token: string) {
    this.chance = chance
    this.#world = world
    this.#stores = stores
    this.#model = new RotationModel(token)
    this.#noteIssued(token)
    this.#jar = token
    this.#lastRotation = world.clock.now()
  }

  get #now(): Instant {
    return this.#world.clock.now()
  }

  get #store(): SessionStore<Visit> {
    const store = this.chance.pick(this.#stores)
    if (store === undefined) throw new Error('no store')
    return store
  }

  /** One step of the user alone: whatever he does, he stays logged in. */
  async userStep(): Promise<void> {
    const isDue = this.#now - this.#lastRotation >= MINUTE
    if (isDue && this.chance.happens(0.5)) await this.#userRotates()
    else if (isDue && this.chance.happens(0.1)) await this.#userChangesRights()
    else await this.#userReads()
    if (this.#loot.length === 0) assert.equal(await this.#isEnded(), false)
  }

  async thiefStep(): Promise<void> {
    const loot = this.chance.pick(this.#loot)
    if (loot === undefined || this.chance.happens(0.2)) this.#loot.push(this.#jar)
    else if (this.chance.happens(0.5)) await this.#read(loot)
    else {
      const issued = await this.#rotate(loot, this.chance.happens(0.8))
      if (issued !== null) this.#loot.push(issued)
    }
  }

  passTime(): void {
    const scale = this.chance.next()
    const most = scale < 0.5 ? 4 * SECOND : scale < 0.8 ? 15 * SECOND : 3 * MINUTE
    this.#world.clock.advance(this.chance.below(most))
  }

  /** At most two secrets open the session, and it ended only for reuse. */
  async check(): Promise<void> {
    const record = await this.#world.stored(this.#jar)
    const valid = [...this.#issued.values()].filter((digest) => this.#isValid(record, digest))
    assert.ok(valid.length <= 2)
    assert.equal(record.ended?.reason ?? 'reuse', 'reuse')
    assert.equal(record.ended !== null, this.#model.isOver)
  }

  #isValid(record: SessionRecord, digest: Uint8Array): boolean {
    if (record.ended !== null) return false
    const presented = presentedAs(record, digest, this.#now)
    return presented === 'current' || presented === 'alias'
  }

  async #isEnded(): Promise<boolean> {
    return (await this.#world.stored(this.#jar)).ended !== null
  }

  /** As the edge does it: a token that was replaced is exchanged for its successor. */
  async #userReads(): Promise<void> {
    const superseded = await this.#read(this.#jar)
    if (superseded) await this.#userGets(await this.#rotate(this.#jar, true))
  }

  /** Some requests at once; of the answers at least one may be lost, and each brings the same successor. */
  async #userRotates(): Promise<void> {
    this.#lastRotation = this.#now
    const token = this.#jar
    const stores = Array.from({ length: 1 + this.chance.below(8) }, () => this.#store)
    const standing = this.#model.standingOf(token, this.#now)
    const expected = this.#model.expected(token, true, this.#now)
    const answers = await Promise.all(stores.map((store) => store.rotate(token)))
    const issued = new Set(answers.map((answer) => answer?.token ?? null))
    assert.equal(issued.size, 1)
    const [successor = null] = issued
    this.#hasIssued(expected, successor)
    await this.#learn(standing)
    this.#model.rotate(token, successor, true, this.#now)
    if (this.chance.happens(0.7)) this.#userGets(successor)
  }

  async #userChangesRights(): Promise<void> {
    this.#lastRotation = this.#now
    this.#userGets(await this.#rotate(this.#jar, false))
  }

  #userGets(token: string | null): void {
    if (token !== null) this.#jar = token
  }

  /** Whether the session was found under a token that has been replaced. */
  async #read(token: string): Promise<boolean> {
    const standing = this.#model.standingOf(token, this.#now)
    const store = this.#store
    const session = await store.read(token)
    await store.drain()
    if (standing !== null) assert.equal(session !== null, standing === 'current' || standing === 'alias')
    await this.#learn(standing)
    this.#model.read(token, this.#now)
    return session?.superseded ?? false
  }

  async #rotate(token: string, grace: boolean): Promise<string | null> {
    const standing = this.#model.standingOf(token, this.#now)
    const expected = this.#model.expected(token, grace, this.#now)
    const issued = await this.#store.rotate(token, { grace })
    this.#hasIssued(expected, issued?.token ?? null)
    await this.#learn(standing)
    this.#model.rotate(token, issued?.token ?? null, grace, this.#now)
    return issued?.token ?? null
  }

  /** Where the model allows two answers, it follows the one that was given. */
  async #learn(standing: Standing | null): Promise<void> {
    if (standing === null && (await this.#isEnded())) this.#model.isOver = true
  }

  #hasIssued(expected: ReturnType<RotationModel['expected']>, issued: string | null): void {
    if (expected === 'nothing') assert.equal(issued, null)
    else if (expected === 'new') assert.equal(issued !== null && this.#issued.has(issued), false)
    else assert.equal(issued, expected.token)
    if (issued !== null) this.#noteIssued(issued)
  }

  #noteIssued(token: string): void {
    if (!this.#issued.has(token)) this.#issued.set(token, digestOf(token.slice(16)))
  }
}

/** Plays stories of a session from its creation, and tells how many of them ended. */
async function play(engine: EngineUnderTest, count: number, theft: number): Promise<number> {
  let ended = 0
  await using world = await World.open(engine, { lifetime: { idle: '1d', absolute: '30d' } })
  const stores = (await world.pair()).map(({ store }) => store)
  for (let seed = 1; seed <= count; seed += 1) {
    const chance = new Chance(seed)
    const { token } = (await stores[0]?.create({ userId: `u_${seed}` })) ?? { token: '' }
    const story = new Story(chance, world, stores, token)
    try {
      for (let step = 0; step < STEPS; step += 1) {
        story.passTime()
        await (chance.happens(theft) ? story.thiefStep() : story.userStep())
        await story.check()
      }
    } catch (error) {
      throw new Error(`story ${seed}`, { cause: error })
    }
    if ((await world.stored(token)).ended !== null) ended += 1
  }
  return ended
}

describe.each(ENGINES)('rotation stories over $name', (engine) => {
  const stories = Math.ceil(STORIES * (engine.name === 'memory' ? 1 : 0.04))

  test(
    `T42, T44, T45: in ${stories} stories without theft nobody is ever logged out`,
    async () => {
      expect(await play(engine, stories, 0)).toBe(0)
    },
    HOURS,
  )

  test(
    `T42, T45: in ${stories} stories with a thief every token stands as the model says, and most thefts are found`,
    async () => {
      expect(await play(engine, stories, 0.3)).toBeGreaterThan(0.3 * stories)
    },
    HOURS,
  )
})

/** Stores other secrets than it was given. */
const forgetful = (name: string, change: (record: SessionRecord) => SessionRecord): EngineUnderTest => ({
  name,
  prepare: async () => {
    const [memory] = ENGINES
    const storage = await memory.prepare()
    return {
      ...storage,
      open: async () => {
        const engine = await storage.open()
        return over(engine, {
          replace: (record, expectedVersion, now) => engine.replace(change(record), expectedVersion, now),
        })
      },
    }
  },
})

describe('a broken twin of the stories', () => {
  test.each([
    forgetful('forgets retired secrets', (record) => ({ ...record, retired: [] })),
    forgetful('forgets the old secret at once', (record) => ({ ...record, previous: null })),
    forgetful('never ends a grace', (record) => ({
      ...record,
      previous: record.previous && { ...record.previous, graceEndsAt: null },
    })),
    forgetful('raises the alarm at once', (record) => ({
      ...record,
      retired: record.retired.map((old) => ({ ...old, reuseFrom: 0 })),
    })),
  ])('that $name is found', async (engine) => {
    await expect(play(engine, 200, 0.3)).rejects.toThrow(/^story \d+$/)
  })
})

import { afterEach, describe, expect, test, vi } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { OldMap, PLAIN } from './foreign-old.test-support.ts'
import { ForeignValues } from './foreign-values.ts'
import { Desk } from './foreign-world.test-support.ts'
import { HOUR, World } from './world.test-support.ts'

const [MEMORY] = ENGINES

afterEach(() => void vi.restoreAllMocks())

async function mirrored(world: World, label: string): Promise<{ readonly desk: Desk; readonly old: OldMap }> {
  const old = new OldMap('mirror')
  return { desk: await Desk.open(world, { label, migrateFrom: { store: old, form: PLAIN } }), old }
}

/** What a session of the second label is, after an old process has written to it what one of the first label holds. */
async function secondOf(labels: readonly [string, string]): Promise<unknown> {
  await using world = await World.open(MEMORY)
  const [first, second] = [await mirrored(world, labels[0]), await mirrored(world, labels[1])]
  await first.desk.write('one', { user: 'ada', n: 2 })
  await second.desk.write('one', { user: 'ada', n: 1 })
  second.old.sessions.set('one', { data: { user: 'ada', n: 2 }, left: HOUR })
  return await second.desk.data('one')
}

const LONG = 'x'.repeat(63)

describe('what a mirror notes of its old store', () => {
  test.each([
    ['of the longest', `a${LONG}`, `b${LONG}`],
    ['of which one begins with the other', 'x', 'x:old'],
  ])('is kept apart by labels, also %s', async (_name, first, second) => {
    for (const labels of [[first, second] as const, [second, first] as const]) {
      expect(await secondOf(labels)).toEqual({ user: 'ada', n: 2 })
    }
  })

  test('is no value of any framework', async () => {
    await using world = await World.open(MEMORY)
    const { desk } = await mirrored(world, 'x')
    for (const label of ['x:old', ':old', 'old']) {
      const other = new Desk(desk.place, { label })
      await other.sessions.values.change('one', () => ({
        text: 'no note',
        expiresAt: world.clock.now() + HOUR,
      }))
    }
    await desk.write('one', { user: 'ada' })
    expect(await desk.data('one')).toEqual({ user: 'ada' })
  })

  test('is seen to be mixed up by a broken twin, whose notes all lie in one place', async () => {
    const { read, change } = ForeignValues.prototype
    let first: ForeignValues | null = null
    const only = (values: ForeignValues): ForeignValues => {
      first ??= values
      return first
    }
    vi.spyOn(ForeignValues.prototype, 'read').mockImplementation(function (this: ForeignValues, name) {
      return read.call(only(this), name)
    })
    vi.spyOn(ForeignValues.prototype, 'change').mockImplementation(function (this: ForeignValues, ...given) {
      return change.apply(only(this), given)
    })
    expect(await secondOf(['a', 'b'])).toEqual({ user: 'ada', n: 1 })
  })
})

describe('what a mirror writes late', () => {
  /** What the old store holds after a slow write of the session before, which was overtaken by a log-in. */
  async function leftIn(old: OldMap, world: World): Promise<unknown> {
    const options = { migrateFrom: { store: old, form: PLAIN } }
    const [desk, other] = [await Desk.open(world, options), await Desk.open(world, options)]
    const write = old.write.bind(old)
    let [release, arrive] = [() => {}, () => {}]
    const reached = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    vi.spyOn(old, 'write').mockImplementationOnce(async (...given) => {
      arrive()
      await released
      return write(...given)
    })
    const slow = desk.write('one', { cart: 1 })
    await reached
    await other.write('one', { cart: 1, user: 'ada' }, (await other.read('one')).view)
    release()
    await slow
    return old.sessions.get('one')?.data
  }

  test('is no session that another one has taken the place of', async () => {
    await using world = await World.open(MEMORY)
    expect(await leftIn(new OldMap('mirror'), world)).toEqual({ cart: 1, user: 'ada' })
  })
})

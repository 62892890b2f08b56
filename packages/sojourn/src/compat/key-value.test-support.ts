import { onTestFinished } from 'vitest'
import type { EngineUnderTest } from '../core/engines.test-support.ts'
import type { StoreOptions } from '../core/options.ts'
import { type Place, type Visit, World } from '../core/world.test-support.ts'

/** A world that ends with the test. */
export async function worldOver(
  engine: EngineUnderTest,
  options: Partial<StoreOptions<Visit>> = {},
): Promise<World> {
  const world = await World.open(engine, options)
  onTestFinished(() => world[Symbol.asyncDispose]())
  return world
}

/** A session that no drop-in store made: whatever a driver empties, it lives. */
export async function bystander({ store }: Place): Promise<() => Promise<boolean>> {
  const { token } = await store.create({ userId: 'ada', data: { count: 1 } })
  return async () => (await store.read(token, { touch: false })) !== null
}

/** All that is stored, as text. */
export async function dump(world: World): Promise<string> {
  let text = ''
  for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
    const page: Awaited<ReturnType<typeof world.raw.scan>> = await world.raw.scan(after, 100)
    text += page.records.map(({ id, data }) => `${id} ${Buffer.from(data).toString('latin1')}\n`).join('')
    after = page.next
  }
  return text
}

/** So many keys that a walk takes several pages. */
export const MANY = 130

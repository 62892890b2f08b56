import { type ArchiveOptions, archiveTo } from './archive.ts'
import type { EngineUnderTest } from './engines.test-support.ts'
import type { StoreOptions } from './options.ts'
import { Shelf } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { type Place, type Visit, World } from './world.test-support.ts'

/** A world whose stores archive onto one shelf. */
export async function shelved(
  engine: EngineUnderTest,
  options: ArchiveOptions<Visit> = { select: ({ data }) => data },
  store: Partial<StoreOptions<Visit>> = {},
): Promise<World & { readonly shelf: Shelf }> {
  const shelf = new Shelf()
  const world = await World.open(engine, { ...store, atEnd: archiveTo(shelf.destination, options) })
  return Object.assign(world, { shelf })
}

/** All that is due is settled now. */
export async function settle(world: World, { store }: Place): Promise<void> {
  world.clock.advance(SETTLE_AFTER_MS)
  while ((await store.sweep()) > 0);
}

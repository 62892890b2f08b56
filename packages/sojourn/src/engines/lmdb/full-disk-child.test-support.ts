import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../core/port.ts'
import { NOW, record } from '../record.test-support.ts'
import { lmdb } from './lmdb.ts'

/*
 * Fills a small disk and says, as one line of JSON, what the store did then.
 *
 *   node full-disk-child.test-support.js <empty directory on a disk of its own>
 */
const disk = process.argv[2] ?? ''
const path = join(disk, 'store')
const data = new Uint8Array(3_000)
const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (answer) => answer,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : String(error)),
  )
const unhandled: string[] = []
process.on('unhandledRejection', (error) => unhandled.push(String(error)))

/** The number of the first session that found no room. */
async function fill(engine: Engine): Promise<number> {
  for (let number = 0; ; number++) {
    const answer = await outcomeOf(engine.create(record(number, { userId: null, data }), null, NOW))
    if (answer === 'STORE_FULL') return number
  }
}

/** Fills whatever room is left with another file, so that not a byte remains. */
function fillTheRest(): void {
  for (let size = 2 ** 20; size >= 1; size = Math.floor(size / 2)) {
    try {
      writeFileSync(join(disk, 'rest'), Buffer.alloc(size), { flag: 'a' })
    } catch {
      // There was room for less than this. Half of it may fit.
    }
  }
}

writeFileSync(join(disk, 'other'), Buffer.alloc(500_000))
let engine = await lmdb({ path })
const first = await fill(engine)
const last = record(first - 1).id
const stored = async (id: string) => (await engine.read([id])).map((each) => each?.data.byteLength ?? null)

const whileFull = {
  stored: await stored(last),
  refused: await stored(record(first).id),
  again: await outcomeOf(engine.create(record(first, { data }), null, NOW)),
  together: new Set(
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        outcomeOf(engine.create(record(9_000 + index, { data }), null, NOW)),
      ),
    ),
  ).size,
}
fillTheRest()
await engine.close()
engine = await lmdb({ path })
const reopened = {
  stored: await stored(last),
  again: await outcomeOf(engine.create(record(first, { data }), null, NOW)),
}
const another = { full: await outcomeOf(lmdb({ path: join(disk, 'another') })), files: filesOf('another') }
for (const name of ['other', 'rest']) rmSync(join(disk, name))
const withRoom = {
  again: await outcomeOf(engine.create(record(first, { data }), null, NOW)),
  stored: await stored(record(first).id),
  another: await outcomeOf(lmdb({ path: join(disk, 'another') }).then((each) => each.close())),
}
await engine.close()
const report = { first, whileFull, reopened, another, withRoom, unhandled }
export type FullDiskReport = typeof report
process.stdout.write(JSON.stringify(report))

function filesOf(name: string): string[] {
  return readdirSync(join(disk, name)).filter((file) => !/^(data|lock)\.mdb$/.test(file))
}

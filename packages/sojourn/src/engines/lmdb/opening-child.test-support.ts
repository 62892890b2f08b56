import { NOW, record } from '../record.test-support.ts'
import { lmdb } from './lmdb.ts'

/*
 * Opens a store again and again beside a handle of its own that never stops writing, and tells when it is done.
 *
 *   node opening-child.test-support.js <path> <times>
 */
const [path = '', times = '0'] = process.argv.slice(2)
const writer = await lmdb({ path })
let isOver = false
let number = 0

async function writeOn(): Promise<void> {
  while (!isOver) {
    number += 1
    await writer.create(record(number, { userId: null }), null, NOW)
  }
}

const writing = [writeOn(), writeOn(), writeOn()]
for (let left = Number(times); left > 0; left -= 1) await (await lmdb({ path })).close()
isOver = true
await Promise.all(writing)
await writer.close()
process.send?.({ written: number })
process.disconnect()

import type { Engine, UserLimit } from '../../core/port.ts'
import { MINUTE, NOW, record } from '../record.test-support.ts'
import type { Message } from './children.test-support.ts'
import { lmdb } from './lmdb.ts'

/*
 * A process beside the one that tests, on the same store. It does what it is told and tells what came of it.
 *
 *   node peer-child.test-support.js <path> <durability>
 */
const [path = '', given = 'fsync'] = process.argv.slice(2)
const durability = given === 'commit' ? 'commit' : 'fsync'
const engine = await lmdb({ path, durability })

const numberOf = (message: Message, name: string): number => Number(message[name])

const TASKS = {
  /** Creates sessions of one user, all at once, within a limit. */
  async logIn(message: Message) {
    const limit: UserLimit = { max: numberOf(message, 'max'), whenFull: 'endOldest', replaces: null }
    const creates = Array.from({ length: numberOf(message, 'count') }, (_, index) =>
      engine.create(record(numberOf(message, 'first') + index), limit, NOW),
    )
    return (await Promise.all(creates)).flatMap((each) =>
      each.outcome === 'done' ? each.ended : ['refused'],
    )
  },
  /** Leases what is due, ten by ten. */
  async lease() {
    const ids: string[] = []
    for (;;) {
      const due = await engine.due(NOW + MINUTE, 10)
      if (due.length === 0) return ids
      ids.push(...due.map(({ id }) => id))
    }
  },
  async end(message: Message) {
    return engine.end(record(numberOf(message, 'number')).id, 'revoked', NOW)
  },
  async read(message: Message) {
    const found = await engine.read([record(numberOf(message, 'number')).id])
    return found.map((each) => each?.version ?? null)
  },
  /** Opens and closes the store, the way that servers come and go. */
  async comeAndGo(message: Message) {
    await engine.close()
    for (let count = numberOf(message, 'count'); count > 0; count--) await openAndClose()
    return 'done'
  },
}

export type Task = keyof typeof TASKS

function isTask(task: unknown): task is Task {
  return typeof task === 'string' && Object.hasOwn(TASKS, task)
}

async function openAndClose(): Promise<void> {
  const another: Engine = await lmdb({ path, durability })
  await another.close()
}

process.on('message', ({ task, of, ...details }: Message) => {
  const answer = isTask(task) ? TASKS[task](details) : Promise.reject(new Error('There is no such task.'))
  answer.then(
    (outcome: unknown) => process.send?.({ outcome, of }),
    (error: unknown) => process.send?.({ error: String(error), of }),
  )
})
process.send?.({ ready: true })

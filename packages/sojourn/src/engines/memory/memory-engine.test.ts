import { expect, test } from 'vitest'
import { sampleUser } from '../../testing/sample.ts'
import { MINUTE, NOW, record } from '../record.test-support.ts'
import { engineOf } from './memory.test-support.ts'
import { MemoryEngine } from './memory-engine.ts'
import { UserIndex } from './user-index.ts'

test('T85: a write beyond maxSessions is refused with STORE_FULL, and reads go on', async () => {
  const engine = engineOf({ maxSessions: 2 })
  await engine.create(record(1), null, NOW)
  await engine.create(record(2), null, NOW)
  await expect(engine.create(record(3), null, NOW)).rejects.toMatchObject({ code: 'STORE_FULL' })
  expect(await engine.read([record(1).id, record(3).id])).toEqual([record(1), null])
})

test('a write beyond maxBytes is refused with STORE_FULL, and the stored record stays as it was', async () => {
  const engine = engineOf({ maxBytes: 2_000 })
  await engine.create(record(1), null, NOW)
  const larger = record(1, { version: 2, data: new Uint8Array(2_000) })
  await expect(engine.replace(larger, 1, NOW)).rejects.toMatchObject({ code: 'STORE_FULL' })
  expect(await engine.read([record(1).id])).toEqual([record(1)])
})

test('a full store still takes what needs no room: a smaller replace, a touch, an end, a settle', async () => {
  const engine = engineOf({ maxBytes: 1_200, maxSessions: 1 })
  await engine.create(record(1), null, NOW)
  const smaller = record(1, { version: 2, data: new Uint8Array(10) })
  expect(await engine.replace(smaller, 1, NOW)).toEqual({ outcome: 'done' })
  expect(await engine.touch(smaller.id, NOW + 1, NOW + MINUTE + 1)).toBe(true)
  expect(await engine.end(smaller.id, 'logout', NOW + 2)).toBe(true)
  await engine.settle([smaller.id], null)
  expect(await engine.create(record(2), null, NOW)).toEqual({ outcome: 'done', ended: [] })
})

test('a create that finds no room ends none of the sessions that it would have replaced', async () => {
  const engine = engineOf({ maxSessions: 1 })
  await engine.create(record(1), null, NOW)
  const limit = { max: 1, whenFull: 'endOldest', replaces: null } as const
  await expect(engine.create(record(2), limit, NOW)).rejects.toMatchObject({ code: 'STORE_FULL' })
  expect(await engine.list(sampleUser('u_1'), NOW)).toEqual([record(1)])
})

test('a forgotten record gives back all the room that it took', async () => {
  const engine = engineOf()
  await engine.create(record(1), null, NOW)
  await engine.replace(record(1, { version: 2, data: new Uint8Array(5_000) }), 1, NOW)
  await engine.endUser(sampleUser('u_1'), 'admin', NOW, null)
  await engine.settle([record(1).id], NOW + 10 * MINUTE)
  await engine.settle([record(1).id], null)
  expect(engine.usage).toEqual({ maxBytes: 0, maxSessions: 0 })
})

test('a replace that does not raise the version, or stores an ended record, is refused', async () => {
  const engine = engineOf()
  await engine.create(record(1), null, NOW)
  const ended = record(1, { version: 2, ended: { at: NOW, reason: 'logout' } })
  await expect(engine.replace(record(1), 1, NOW)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(engine.replace(ended, 1, NOW)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await engine.read([record(1).id])).toEqual([record(1)])
})

test('it is stable after two hundred thousand expired sessions: nothing of them is left', {
  timeout: 120_000,
}, async () => {
  const users = new UserIndex()
  const engine = new MemoryEngine({ maxBytes: 2 ** 22, maxSessions: 2_000 }, users)
  for (let round = 0; round < 200; round++) {
    const now = NOW + round * MINUTE
    const times = { createdAt: now, seenAt: now, expiresAt: now + MINUTE, absoluteAt: now + MINUTE }
    for (let each = 0; each < 1_000; each++) {
      const number = round * 1_000 + each
      await engine.create(record(number, { ...times, userId: `u_${number}` }), null, now)
    }
    for (const { id } of await engine.due(now + MINUTE, 1_000)) {
      await engine.end(id, 'idle', now + MINUTE)
      await engine.settle([id], null)
    }
  }
  expect(engine.usage).toEqual({ maxBytes: 0, maxSessions: 0 })
  expect(users.size).toBe(0)
})

import { createSessionStore } from 'sojourn'
import { memory } from 'sojourn/memory'
import { expect, test } from 'vitest'
import { BankSession, initialSession } from './bank-session.ts'
import { timeLeft } from './time-left.ts'

const MINUTE = 60_000
const SECOND = 1_000

/** A session of `banking` that nobody has touched since it was made, and a clock that is moved by hand. */
async function untouched() {
  let now = Date.UTC(2026, 0, 15)
  const clock = { now: () => now, monotonic: () => now, after: () => () => undefined }
  const sessions = await createSessionStore({
    engine: memory(),
    lifetime: 'banking',
    schema: BankSession,
    initial: initialSession,
    clock,
  })
  const { session } = await sessions.create({ userId: 'customer-ada' })
  return {
    after: (ms: number, counts: 'active' | 'polling') => {
      now = session.createdAt + ms
      return timeLeft(sessions, session, counts)
    },
  }
}

test('a page just opened has all of the idle timeout', async () => {
  const { after } = await untouched()
  expect(after(0, 'active')).toMatchObject({ leftMs: 5 * MINUTE, canStay: true })
})

test('activity that is not recorded, because the last one was a moment ago, adds nothing', async () => {
  const { after } = await untouched()
  expect(after(29 * SECOND, 'active').leftMs).toBe(5 * MINUTE - 29 * SECOND)
  expect(after(30 * SECOND, 'active').leftMs).toBe(5 * MINUTE)
})

test('polling adds nothing, however late', async () => {
  const { after } = await untouched()
  expect(after(4 * MINUTE, 'polling').leftMs).toBe(MINUTE)
  expect(after(6 * MINUTE, 'polling').leftMs).toBe(0)
})

test('near the absolute timeout there is no staying', async () => {
  const { after } = await untouched()
  expect(after(57 * MINUTE, 'active')).toMatchObject({ leftMs: 3 * MINUTE, canStay: false })
})

test('the warning comes early enough, also for short lifetimes', async () => {
  const { after } = await untouched()
  expect(after(0, 'active')).toMatchObject({ warnMs: MINUTE, pollMs: 15 * SECOND })
})

import type { PastSession } from 'sojourn'
import { afterAll, expect, test } from 'vitest'
import { temporaryDirectory } from '../bank.test-support.ts'
import { openLedger } from '../ledger/ledger.ts'
import { keptIn, keptOf } from './kept-session.ts'
import { draftsIn } from './waiting-draft.ts'

const NOW = Date.UTC(2026, 10, 2)
const { path, remove } = temporaryDirectory()
afterAll(remove)
const ledger = await openLedger(path, NOW)

const DRAFT = {
  id: 'd1',
  to: { name: 'Ben Okafor', iban: 'XH054201000020024410' },
  fromAccountId: 'ada-everyday',
  amountCents: 1_234n,
  note: 'Sails',
  confirmedAt: null,
}
const LOOK = {
  language: 'de',
  theme: 'dark',
  recentlyViewed: [{ kind: 'account', id: 'ada-savings' }],
} as const
const DATA = { device: 'Safari on iPhone', ...LOOK, draft: DRAFT }
const times = { createdAt: NOW - 2, seenAt: NOW - 1, authenticatedAt: NOW - 2, endedAt: NOW }
const past = (data: unknown, reason: PastSession['reason'] = 'logout'): PastSession => {
  return { id: 'AAAAAAAAAAAAAAAA', userId: 'customer-ada', ...times, reason, data }
}
const drafts = (data: unknown, reason?: PastSession['reason'], customer = 'customer-ada') =>
  draftsIn([past(data, reason)], ledger, customer).map(({ draft }) => draft)

test('what a session ended with is offered, to be confirmed again', () => {
  expect(drafts(DATA)).toEqual([DRAFT])
  expect(drafts({ ...DATA, draft: { ...DRAFT, confirmedAt: new Date(NOW) } })).toEqual([DRAFT])
  expect(drafts({ ...DATA, draft: { ...DRAFT, amountCents: null } })).toHaveLength(1)
})

test('a draft of a session whose token was copied is not: somebody else may have written it', () => {
  expect(drafts(DATA, 'reuse')).toEqual([])
})

test('a draft that is booked is not', async () => {
  expect(await ledger.transfer('customer-ada', { ...DRAFT, id: 'booked' }, NOW)).toBe('booked')
  expect(drafts({ ...DATA, draft: { ...DRAFT, id: 'booked' } })).toEqual([])
})

test.each([
  ['an IBAN with a wrong digit', { to: { ...DRAFT.to, iban: 'XH054201000020024411' } }],
  ["somebody else's account", { fromAccountId: 'ben-everyday' }],
  ['less than nothing', { amountCents: -1n }],
  ['an amount of another kind', { amountCents: 1_234 }],
  ['a date as text', { confirmedAt: '2026-11-02' }],
  ['a note that is too long', { note: 'x'.repeat(141) }],
  ['no name', { to: { ...DRAFT.to, name: '' } }],
])('a draft with %s is not', (_, change) => {
  expect(drafts({ ...DATA, draft: { ...DRAFT, ...change } })).toEqual([])
})

test.each([
  null,
  undefined,
  7,
  'text',
  [],
  {},
  { draft: 7 },
  { ...DATA, draft: [] },
  new Map([['draft', DRAFT]]),
])('a row that holds %j is a past session with nothing left in it', (data) => {
  expect(drafts(data)).toEqual([])
  expect(keptIn(past(data)).draft).toBeNull()
})

test('what fits in a row is shown, whatever else is wrong with it', () => {
  expect(keptIn(past({ ...DATA, theme: 'loud', draft: 7 }))).toEqual({
    ...DATA,
    theme: 'system',
    draft: null,
  })
})

test('T109: what a later release puts into a session is not archived by itself, nor what a visitor chose', () => {
  const device = { label: 'Safari on iPhone' }
  const data = { ...LOOK, recentlyViewed: [...LOOK.recentlyViewed], draft: DRAFT, later: 'kept for itself' }
  const ending = { id: 'AAAAAAAAAAAAAAAA', ...times, reason: 'logout', device, data } as const
  expect(keptOf({ ...ending, userId: 'customer-ada' })).toEqual(DATA)
  expect(keptOf({ ...ending, userId: null })).toBeNull()
})

import { describe, expect, test } from 'vitest'
import { FAULTS, variantsOf } from './faults.ts'
import { Ledger } from './ledger.ts'
import { play, type Row } from './play.ts'
import type { Fault } from './scene.ts'
import { complaintsOf, tableOf } from './table.ts'
import { brokenPromises } from './verdict.ts'

const LIMIT_MS = 60_000

function faultOf(topology: Fault['topology'], name: string): Fault {
  const fault = FAULTS.find((each) => each.topology === topology && each.name === name)
  if (fault === undefined) throw new Error(`No fault on ${topology} is called ${name}.`)
  return fault
}

function sum(rows: readonly Row[], key: 'writes' | 'logOuts' | 'lost' | 'undone' | 'twice'): number {
  return rows.reduce((total, row) => total + row[key], 0)
}

/** One round of each; `npm run chaos -- redis --rounds 10` plays all faults, and more often. */
describe('under load', () => {
  test.each([
    ['one server', 'kill -9, appendfsync always'],
    ['one server', 'cut after a request 20 times'],
    ['Sentinel', 'SIGKILL of the primary'],
    ['Cluster', 'SIGKILL of a primary'],
    ['Cluster', 'manual fail-over'],
  ] as const)(
    '%s, %s: what was confirmed is there, once, and calls go on',
    async (topology, name) => {
      const fault = faultOf(topology, name)
      const rows = await play(fault, variantsOf(fault))
      expect(complaintsOf(rows), tableOf(rows)).toEqual([])
      expect(sum(rows, 'writes')).toBeGreaterThan(200)
      expect(sum(rows, 'logOuts')).toBeGreaterThan(20)
    },
    LIMIT_MS,
  )

  test(
    'a fail-over loses what only the primary had, and nothing that a replica confirmed',
    async () => {
      const fault = faultOf('Sentinel', 'replicas cut off, then SIGKILL')
      const rows = await play(fault, variantsOf(fault))
      expect(complaintsOf(rows), tableOf(rows)).toEqual([])
      const unconfirmed = rows.filter(({ variant }) => variant.durability === 'acknowledged')
      const confirmed = rows.filter(({ variant }) => variant.durability === 'replicated')
      // Without this the zeros would say nothing.
      expect(sum(unconfirmed, 'lost')).toBeGreaterThan(0)
      expect([sum(confirmed, 'lost'), sum(confirmed, 'undone')]).toEqual([0, 0])
    },
    LIMIT_MS,
  )
})

describe('the ledger', () => {
  async function audited(stored: number | null, book: (ledger: Ledger) => void) {
    const ledger = new Ledger()
    ledger.created('a')
    book(ledger)
    return ledger.audit(async () => stored)
  }
  const twoChanges = (ledger: Ledger): void => {
    ledger.changed('a', true)
    ledger.changed('a', false)
  }

  test.each([
    ['as it should be', 1, { lost: 0, undone: 0, twice: 0 }],
    ['with the change of unknown outcome', 2, { lost: 0, undone: 0, twice: 0 }],
    ['without a confirmed change', 0, { lost: 1, undone: 0, twice: 0 }],
    ['with a change that was made twice', 3, { lost: 0, undone: 0, twice: 1 }],
    ['gone', null, { lost: 2, undone: 0, twice: 0 }],
  ])('sees a session %s', async (_name, stored, audit) => {
    expect(await audited(stored, twoChanges)).toEqual(audit)
  })

  test('sees a log-out that was undone, and asks nothing of one of unknown outcome', async () => {
    const end = (isConfirmed: boolean) => (ledger: Ledger) => ledger.ended('a', isConfirmed)
    expect(await audited(0, end(true))).toEqual({ lost: 0, undone: 1, twice: 0 })
    expect(await audited(null, end(true))).toEqual({ lost: 0, undone: 0, twice: 0 })
    expect(await audited(0, end(false))).toEqual({ lost: 0, undone: 0, twice: 0 })
    expect(await audited(null, end(false))).toEqual({ lost: 0, undone: 0, twice: 0 })
  })
})

describe('the verdict', () => {
  const row: Row = {
    fault: faultOf('Sentinel', 'SIGKILL of the primary'),
    variant: { driver: 'ioredis', durability: 'replicated', security: 'replicated', replicas: 1 },
    writes: 10,
    logOuts: 2,
    lost: 0,
    undone: 0,
    twice: 0,
    outageMs: 2_000,
    afterElectionMs: 100,
    errors: new Map([['OUTCOME_UNKNOWN', 3]]),
  }
  const weak: Row = {
    ...row,
    variant: { ...row.variant, durability: 'acknowledged', security: 'acknowledged' },
  }

  test('finds nothing wrong where every promise was kept', () => {
    expect(brokenPromises(row)).toEqual([])
    // Nobody promised these.
    expect(brokenPromises({ ...weak, lost: 3, undone: 1 })).toEqual([])
  })

  test.each([
    ['a confirmed write is lost', { ...row, lost: 1 }],
    ['a log-out is undone', { ...row, undone: 1 }],
    [
      'only security is replicated, and a log-out is undone',
      { ...row, variant: { ...row.variant, durability: 'acknowledged' as const }, undone: 1 },
    ],
    ['a change is made twice', { ...weak, twice: 1 }],
    ['calls do not go on', { ...weak, afterElectionMs: 1_001 }],
    ['an error is none of those expected', { ...weak, errors: new Map([['RECORD_UNREADABLE', 1]]) }],
  ])('is against it when %s', (_name, wrong) => {
    expect(brokenPromises(wrong).length).toBe(1)
  })
})

import { expect, test } from 'vitest'
import { scaleVerdicts } from './scale-report.ts'
import { SCALE_VERBS } from './scale-verbs.ts'

const SAMPLE = { calls: 1, perSecond: 1, p50: 1, p99: 1, p999: 1, cpu: 1, serverCpu: 1 }

/** Every goal is met by a hair. */
function findings({ p99 = 1.5, startMs = 1_000, sweepMs = 250 }) {
  const stored = [10, 1_000].map((sessions) => ({ sessions, bytesPerSession: 1, fillSeconds: 1 }))
  return {
    measured: SCALE_VERBS.flatMap((verb) => [
      { sessions: 10, verb, round: 0, sample: SAMPLE },
      { sessions: 1_000, verb, round: 0, sample: { ...SAMPLE, p99 } },
    ]),
    startMs: [{ sessions: 1_000, ms: startMs }],
    stored,
    sweep: {
      idle: { client: 1, server: 1, settled: 0 },
      busy: { client: sweepMs, server: 250, settled: 100 },
    },
  }
}

const missed = (changes: Parameters<typeof findings>[0]) =>
  scaleVerdicts(findings(changes)).flatMap(({ goal, isMet }) => (isMet ? [] : goal))

test('a large store meets every goal at its limit', () => {
  expect(missed({})).toEqual([])
})

test('a large store misses each goal behind its limit', () => {
  expect(missed({ p99: 1.51 })).toHaveLength(SCALE_VERBS.length)
  expect(missed({ startMs: 1_001 })).toEqual(['start at 1,000 sessions, first read included'])
  expect(missed({ sweepMs: 251 })).toEqual(['sweep with a backlog, part of a core of the client'])
})

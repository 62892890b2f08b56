import type { Conditions } from '../../conditions.ts'
import { median, medianRatio, type Spread, spreadAround } from '../../statistics.ts'
import { count, short, type Table, time } from '../../tables.ts'
import { atMost, told, type Verdict } from '../../verdicts.ts'
import type { CallSample } from '../measure-calls.ts'
import { SCALE_VERBS, type ScaleVerb } from './scale-verbs.ts'
import type { SweepCost, SweepCosts } from './sweep-cost.ts'

export interface ScaleMeasured {
  readonly sessions: number
  readonly verb: ScaleVerb
  readonly round: number
  readonly sample: CallSample
}

/** All that a run found out. */
interface ScaleFindings {
  readonly measured: readonly ScaleMeasured[]
  readonly startMs: readonly { readonly sessions: number; readonly ms: number }[]
  readonly stored: readonly {
    readonly sessions: number
    readonly bytesPerSession: number
    readonly fillSeconds: number
  }[]
  readonly sweep: SweepCosts
}

export interface ScaleReport extends ScaleFindings {
  readonly mode: 'full' | 'quick'
  readonly conditions: Conditions
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
}

const MOST_P99 = 1.5
const MOST_START_MS = 1_000
/** Of a core, in percent. */
const MOST_SWEEP = 5
const SWEEPS = { idle: 'with nothing to do', busy: 'with a backlog' } as const
/** The mean time from one sweep of a process to its next. */
const SWEEP_EACH_MS = 5_000

export function scaleVerdicts({ measured, startMs, stored, sweep }: ScaleFindings): Verdict[] {
  const [few = 0, many = 0] = stored.map(({ sessions }) => sessions)
  const at = `at ${count(many)} sessions`
  const ratios = SCALE_VERBS.map((verb) => {
    const of = (sessions: number) => samplesOf(measured, sessions, verb).map(({ p99 }) => p99)
    return atMost(MOST_P99, `p99 of ${verb} ${at}, of that at ${count(few)}`, medianRatio(of(many), of(few)))
  })
  const start = spreadAround(startMs.filter(({ sessions }) => sessions === many).map(({ ms }) => ms))
  const bytes = spreadAround([stored.at(-1)?.bytesPerSession ?? Number.NaN])
  return [
    ...ratios,
    { ...atMost(MOST_START_MS, `start ${at}, first read included`, start), unit: 'ms' },
    ...(['idle', 'busy'] as const).flatMap((load) =>
      (['client', 'server'] as const).map((where) => share(load, where, sweep[load])),
    ),
    { ...told('records that a sweep with a backlog settles', spreadAround([sweep.busy.settled])), unit: '' },
    { ...told(`memory of a small session ${at}`, bytes), unit: 'B' },
  ]
}

export function scaleTable({ measured, stored }: ScaleFindings): Table {
  const sizes = stored.map(({ sessions }) => sessions)
  return [
    ['', 'sessions', 'p50', 'p99', 'client CPU each', 'server CPU each'],
    ...SCALE_VERBS.flatMap((verb) =>
      sizes.map((sessions) => {
        const samples = samplesOf(measured, sessions, verb)
        const of = (key: keyof CallSample) => time(median(samples.map((sample) => sample[key])))
        return [verb, count(sessions), of('p50'), of('p99'), of('cpu'), of('serverCpu')]
      }),
    ),
    ...stored.map(({ sessions, bytesPerSession, fillSeconds }) => {
      return [
        'fill',
        count(sessions),
        `${short(fillSeconds)} s in all`,
        `${count(bytesPerSession)} B each`,
        '',
        '',
      ]
    }),
  ]
}

/** Of one process that sweeps; the clients' part is of that process, the server's comes with each. */
function share(load: 'idle' | 'busy', where: 'client' | 'server', cost: SweepCost): Verdict {
  const value: Spread = spreadAround([(100 * cost[where]) / SWEEP_EACH_MS])
  return {
    ...atMost(MOST_SWEEP, `sweep ${SWEEPS[load]}, part of a core of the ${where}`, value),
    unit: '%',
  }
}

function samplesOf(measured: readonly ScaleMeasured[], sessions: number, verb: ScaleVerb): CallSample[] {
  return measured
    .filter((each) => each.sessions === sessions && each.verb === verb)
    .sort((a, b) => a.round - b.round)
    .map(({ sample }) => sample)
}

import { undisturbed } from '../statistics.ts'
import { count, short, type Table, time } from '../tables.ts'
import { cpuRatio, frameworksIn, rateRatio, samplesOf } from './http-goals.ts'
import type { HttpMeasured, HttpSample } from './side-by-side.ts'
import { fullTitle, sidesOf } from './sides.ts'

const BETTER = { perSecond: 'higher', p50: 'lower', p99: 'lower', cpu: 'lower', busy: 'lower' } as const

/** One row for each framework with each kind of session: what the rounds are when nothing disturbs. */
export function httpTable(measured: readonly HttpMeasured[]): Table {
  const head = ['', 'per second', 'of bare', 'p50', 'p99', 'CPU each', 'of bare', 'asker busy']
  const rows = frameworksIn(measured).flatMap((framework) => {
    const bare = samplesOf(measured, framework, 'bare')
    return sidesOf(framework).map((side) => {
      const samples = samplesOf(measured, framework, side)
      return [
        fullTitle(framework, side),
        count(of(samples, 'perSecond')),
        `${short(rateRatio(samples, bare).value)} ×`,
        time(of(samples, 'p50')),
        time(of(samples, 'p99')),
        time(of(samples, 'cpu')),
        `${short(cpuRatio(samples, bare).value)} ×`,
        `${count(of(samples, 'busy') * 100)} %`,
      ]
    })
  })
  return [head, ...rows]
}

function of(samples: readonly HttpSample[], key: keyof typeof BETTER): number {
  return undisturbed(
    samples.map((sample) => sample[key]),
    BETTER[key],
  )
}

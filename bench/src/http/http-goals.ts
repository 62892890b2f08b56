import { type Spread, undisturbedRatio } from '../statistics.ts'
import { atLeast, atMost, told, type Verdict } from '../verdicts.ts'
import { FRAMEWORK_NAMES, FRAMEWORKS, type FrameworkName } from './frameworks.ts'
import type { HttpMeasured, HttpSample } from './side-by-side.ts'
import { ENGINE_SIDES, fullTitle, type Side } from './sides.ts'

/** Of the requests that the bare framework answers in the same time. */
const LEAST_OF_BARE = 0.9
/** What one costs may not be more than what the other one costs. */
const MOST_OF_PEER = 1

/** What was measured of one framework with one kind of session, round after round. */
export function samplesOf(
  measured: readonly HttpMeasured[],
  framework: FrameworkName,
  side: Side,
): HttpSample[] {
  return measured
    .filter((each) => each.framework === framework && each.side === side)
    .sort((a, b) => a.round - b.round)
    .map(({ sample }) => sample)
}

/** Those of whom there is anything, in their order. */
export function frameworksIn(measured: readonly HttpMeasured[]): FrameworkName[] {
  return FRAMEWORK_NAMES.filter((name) => measured.some(({ framework }) => framework === name))
}

export function httpVerdicts(measured: readonly HttpMeasured[]): Verdict[] {
  return frameworksIn(measured).flatMap((framework) => verdictsOf(measured, framework))
}

function verdictsOf(measured: readonly HttpMeasured[], framework: FrameworkName): Verdict[] {
  const { peer } = FRAMEWORKS[framework]
  const of = (side: Side) => samplesOf(measured, framework, side)
  return ENGINE_SIDES.flatMap((side) => {
    const name = fullTitle(framework, side)
    const verdicts = [
      atLeast(LEAST_OF_BARE, `requests a second: ${name}, of bare`, rateRatio(of(side), of('bare'))),
      told(`CPU of a request: ${name}, of bare`, cpuRatio(of(side), of('bare'))),
    ]
    if (peer === null) return verdicts
    return [
      ...verdicts,
      atMost(MOST_OF_PEER, `time of a request: ${name}, of ${peer}`, timeRatio(of(side), of('peer'))),
    ]
  })
}

export function rateRatio(ours: readonly HttpSample[], theirs: readonly HttpSample[]): Spread {
  const rates = (samples: readonly HttpSample[]) => samples.map(({ perSecond }) => perSecond)
  return undisturbedRatio(rates(ours), rates(theirs), 'higher')
}

/** Of the server's time that goes by from one answer to the next: all of it is what a request costs. */
function timeRatio(ours: readonly HttpSample[], theirs: readonly HttpSample[]): Spread {
  const times = (samples: readonly HttpSample[]) => samples.map(({ perSecond }) => 1 / perSecond)
  return undisturbedRatio(times(ours), times(theirs), 'lower')
}

export function cpuRatio(ours: readonly HttpSample[], theirs: readonly HttpSample[]): Spread {
  const costs = (samples: readonly HttpSample[]) => samples.map(({ cpu }) => cpu)
  return undisturbedRatio(costs(ours), costs(theirs), 'lower')
}

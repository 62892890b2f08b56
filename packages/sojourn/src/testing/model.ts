import fc from 'fast-check'
import type { Engine, Instant } from '../core/port.ts'
import { Player } from './model/player.ts'
import { scripts } from './model/script.ts'
import { NOW } from './sample.ts'

export interface ModelOptions {
  /** Handles on one store that nobody else uses; calls go to them in turn. They stay open. */
  readonly engines: readonly Engine[]
  /** How many interleavings are played; 10,000 when left out. */
  readonly interleavings?: number
  /** How many of them are under way together: more for an engine that gathers writes. 16 when left out. */
  readonly lanes?: number
  /** What the interleavings are drawn from: the same seed draws the same. 1 when left out. */
  readonly seed?: number
  /** Whether a failure is shrunk to the fewest calls that show it, which takes a slow engine long. True. */
  readonly shrink?: boolean
  /** When the model's clock starts; year 2033 when left out. Later than anything stored, and than today. */
  readonly startAt?: Instant
}

export interface ModelReport {
  readonly interleavings: number
  readonly seed: number
}

/**
 * Plays random interleavings of all verbs on an engine and on a plain model side by side, time moving past
 * deadlines, several calls begun before any is answered. Every answer, and everything that is stored after
 * each burst, must follow from some order of the calls. So: no lost update, no resurrection, list equals the
 * live sessions, the limit never exceeded, one winner of every end, nothing due lost or given twice.
 * @throws Error with the seed, and the calls that no order explains.
 */
export async function runModel(options: ModelOptions): Promise<ModelReport> {
  const { engines, interleavings = 10_000, lanes = 16, seed = 1, shrink = true, startAt = NOW } = options
  const player = new Player(engines, startAt)
  const numRuns = Math.ceil(interleavings / lanes)
  const property = fc.asyncProperty(scripts(lanes), (script) => player.play(script))
  const { failed, errorInstance } = await fc.check(property, { seed, numRuns, endOnFailure: !shrink })
  if (failed) throw disagreement(errorInstance, { seed, lanes })
  return { interleavings: numRuns * lanes, seed }
}

function disagreement(cause: unknown, draw: { readonly seed: number; readonly lanes: number }): Error {
  const said = cause instanceof Error ? cause.message : String(cause)
  const again = `Drawn with ${JSON.stringify(draw)}.`
  return new Error(`The engine and the model disagree. ${again}\n${said}`, { cause })
}

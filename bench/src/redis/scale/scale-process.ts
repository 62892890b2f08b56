import { Redis } from 'ioredis'
import { serveParent } from '../../child.ts'
import { type CallSample, measureCalls } from '../measure-calls.ts'
import { ServerCpu } from '../server-cpu.ts'
import { openScaleStore } from './scale-store.ts'
import { type ScaleVerb, ScaleVerbs } from './scale-verbs.ts'
import { measureSweep, type SweepCosts } from './sweep-cost.ts'

export type ScaleRequest =
  | { readonly tokens: readonly string[] }
  | { readonly verb: ScaleVerb; readonly calls: number; readonly concurrency: number }
  | { readonly start: string }
  | { readonly sweep: number }

export type ScaleAnswer = CallSample | { readonly startMs: number } | SweepCosts

/** The store under measurement, in a process of its own. */
export async function serveScale(url: string): Promise<void> {
  const client = new Redis(url)
  const cpu = new ServerCpu([url])
  const sessions = await openScaleStore({ client })
  let verbs = new ScaleVerbs(sessions, [])
  const carryOut = async (request: ScaleRequest): Promise<ScaleAnswer | null> => {
    if ('tokens' in request) {
      verbs = new ScaleVerbs(sessions, request.tokens)
      return null
    }
    if ('start' in request) return { startMs: await startOf(url, request.start) }
    if ('sweep' in request) return measureSweep(url, request.sweep, cpu)
    const { verb, calls, concurrency } = request
    const make = await verbs.prepare(verb, calls)
    return measureCalls({ concurrency, most: calls, durationMs: Number.POSITIVE_INFINITY }, make, cpu)
  }
  serveParent(carryOut, async () => {
    cpu.close()
    await sessions.close()
    client.disconnect()
  })
}

/** From nothing to the answer of the first read, connection included. */
async function startOf(url: string, token: string): Promise<number> {
  const startedAt = performance.now()
  const client = new Redis(url)
  const sessions = await openScaleStore({ client })
  const session = await sessions.read(token, { touch: false })
  const startMs = performance.now() - startedAt
  await sessions.close()
  client.disconnect()
  if (session === null) throw new Error('The session was not read.')
  return startMs
}

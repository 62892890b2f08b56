import type { EngineUnderTest } from '../core/engines.test-support.ts'
import type { StoreOptions } from '../core/options.ts'
import type { Engine } from '../core/port.ts'
import { type Process, Processes, userIn } from './express-world.test-support.ts'
import { type FastifySessionStore, fastifySessionStore } from './fastify-session.ts'

/** One process with a store for @fastify/session. */
export interface FastifyProcess extends Omit<Process, 'store'> {
  readonly store: FastifySessionStore
}

/** Opens processes over one storage; they end with the test. */
export async function fastifyProcesses(
  engine: EngineUnderTest,
  options: Partial<StoreOptions<Record<string, unknown>>> = {},
): Promise<(wrap?: (engine: Engine) => Engine) => Promise<FastifyProcess>> {
  const processes = await Processes.over(engine, options)
  return async (wrap) => {
    const { sessions, line } = await processes.start(wrap)
    return { sessions, line, store: fastifySessionStore(sessions, { userId: userIn }) }
  }
}

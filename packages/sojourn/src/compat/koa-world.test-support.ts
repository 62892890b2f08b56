import type { EngineUnderTest } from '../core/engines.test-support.ts'
import type { StoreOptions } from '../core/options.ts'
import type { Engine } from '../core/port.ts'
import { type Process, Processes, userIn } from './express-world.test-support.ts'
import {
  type KoaContextStore,
  type KoaSessionStore,
  koaContextStore,
  koaSessionStore,
} from './koa-session.ts'

/** One process with a store for koa-session. */
export interface KoaProcess extends Omit<Process, 'store'> {
  readonly store: KoaSessionStore
  readonly ContextStore: KoaContextStore
}

/** Opens processes over one storage; they end with the test. */
export async function koaProcesses(
  engine: EngineUnderTest,
  options: Partial<StoreOptions<Record<string, unknown>>> = {},
): Promise<(wrap?: (engine: Engine) => Engine) => Promise<KoaProcess>> {
  const processes = await Processes.over(engine, options)
  return async (wrap) => {
    const { sessions, line } = await processes.start(wrap)
    const own = { userId: userIn }
    return {
      sessions,
      line,
      store: koaSessionStore(sessions, own),
      ContextStore: koaContextStore(sessions, own),
    }
  }
}

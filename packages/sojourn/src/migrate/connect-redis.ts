import { type OldSession, type OldStore, type OldStoreMode, printOf } from '../core/old-store.ts'
import type { Driver } from '../engines/redis/driver.ts'
import { modeIn } from './mode.ts'
import { OldKeys, type OldText } from './old-keys.ts'
import { sessionIn } from './session-text.ts'

export interface OldRedisOptions {
  /** The client of the old store, or another one of the same database: ioredis, iovalkey or node-redis. */
  readonly client: Driver
  /** As the old store has it. */
  readonly prefix?: string
  /** Default `move`. `mirror` while processes of the old kind still run. */
  readonly mode?: OldStoreMode
}

/**
 * Sessions of connect-redis, of any version from 5 on (CONTRACTS, section 3.1); also of other stores that keep JSON text
 * with an expiry, such as fastify-session-redis-store 7. Default prefix `sess:`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function connectRedis({ client, prefix = 'sess:', ...others }: OldRedisOptions): OldStore {
  return textsIn(new OldKeys(client, prefix), modeIn(others))
}

/** Keys that hold a session each, as JSON text. */
export function textsIn(keys: OldKeys, mode: OldStoreMode): OldStore {
  return {
    mode,
    read: async (id, now) => {
      const found = await keys.read(id, now)
      return found === null || found === 'unreadable' ? found : sessionOf(found)
    },
    remove: (id) => keys.remove(id),
    encode: (data) => JSON.stringify(data),
    write: (id, text, left) => keys.write(id, text, left),
    page: (after) => keys.page(after),
  }
}

function sessionOf({ text, expiresAt }: OldText): OldSession | 'unreadable' {
  const data = sessionIn(text)
  return data === null ? 'unreadable' : { data, expiresAt, print: printOf(text) }
}

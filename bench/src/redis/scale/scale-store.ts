import type { Redis } from 'ioredis'
import { type Clock, createSessionStore, type SessionStore } from 'sojourn'
import { redis } from 'sojourn/redis'
import type { Small } from './scale-verbs.ts'

export interface ScaleStoreOptions {
  readonly client: Redis
  readonly due?: boolean
  readonly clock?: Clock
}

/** A machine that is busy with something else is no failure of the store. */
const TIMEOUT_MS = 60_000

/** With lifetimes that no run outlasts. It sweeps only when it is told to. */
export function openScaleStore({
  client,
  due = false,
  clock,
}: ScaleStoreOptions): Promise<SessionStore<Small>> {
  return createSessionStore<Small>({
    engine: redis({ client, due }),
    lifetime: { idle: '30d', absolute: '90d' },
    initial: () => ({ theme: 'dark', step: 1 }),
    timeout: TIMEOUT_MS,
    sweep: false,
    ...(clock === undefined ? {} : { clock }),
  })
}

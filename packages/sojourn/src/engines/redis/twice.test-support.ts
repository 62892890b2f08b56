import { Redis } from 'ioredis'
import type { RedisServer } from 'sojourn-servers'
import type { Engine, SessionId } from '../../core/port.ts'
import type { Command, RedisClient, Reply } from './client.ts'
import { clientOf } from './driver.ts'
import { Keys } from './keys.ts'
import { PassingClient } from './passing-client.test-support.ts'
import { freshPrefix, idsAmong, memberOf } from './redis.test-support.ts'
import { RedisEngine } from './redis-engine.ts'
import { checkOptions } from './redis-options.ts'
import { SwappingClient, type Twin } from './twins.test-support.ts'

/** What a key holds: the bytes, or the entries; and when it leaves. */
interface StoredKey {
  readonly value: unknown
  readonly leavesAt: unknown
}

export interface Twice {
  readonly engine: Engine
  /** Another process's engine on the same store. */
  readonly other: Engine
  /** Sends the engine's last command again, byte for byte, and tells the reply. */
  readonly again: () => Promise<Reply>
  /** The engine's next command gets no reply: it is applied or not, then this happens, then its connection breaks. */
  readonly loseReply: (isApplied: boolean, meanwhile: () => Promise<unknown>) => void
  /** Everything in the store, by key. */
  readonly stored: () => Promise<ReadonlyMap<string, StoredKey>>
  /** The sessions that the index of `u_1` names, of whomever. */
  readonly indexed: () => Promise<SessionId[]>
  /** What only a fault could do: an index without this session of `u_1`. */
  readonly loseIndexEntry: (id: SessionId) => Promise<unknown>
  /** What the server’s clock does: an index with a session whose record has left. */
  readonly loseRecord: (id: SessionId) => Promise<unknown>
  readonly close: () => void
}

/** Engines of which the writes of one can be sent again, as after a lost reply. */
export async function twice(
  server: RedisServer,
  { due = false, twin }: { readonly due?: boolean; readonly twin?: Twin } = {},
): Promise<Twice> {
  const driver = new Redis({ host: server.host, port: server.port })
  const checked = checkOptions({ client: driver, prefix: freshPrefix(), due })
  const client = await swapped(clientOf(driver), twin).catch((error) => {
    driver.disconnect()
    throw error
  })
  const recording = new Recording(client)
  return {
    engine: new RedisEngine(recording, checked, false),
    other: new RedisEngine(client, checked, false),
    again: () => recording.again(),
    loseReply: (isApplied, meanwhile) => recording.loseReply(isApplied, meanwhile),
    stored: () => storedBelow(driver, new Keys(checked.prefix).prefixOf('Ab')),
    indexed: async () =>
      idsAmong(await driver.zrange(new Keys(checked.prefix).index('Ab', 'u_1').key, '0', '-1')),
    loseIndexEntry: (id) => driver.zrem(new Keys(checked.prefix).index('Ab', 'u_1').key, memberOf(id)),
    loseRecord: (id) => driver.del(new Keys(checked.prefix).record(id)),
    close: () => driver.disconnect(),
  }
}

async function swapped(client: RedisClient, twin: Twin | undefined): Promise<RedisClient> {
  return twin === undefined ? client : SwappingClient.make(client, twin)
}

/** A client that remembers the last command. */
class Recording extends PassingClient {
  #last: Command | null = null
  #fault: { readonly isApplied: boolean; readonly meanwhile: () => Promise<unknown> } | null = null

  async again(): Promise<Reply> {
    if (this.#last === null) throw new Error('Nothing was sent.')
    const [reply] = await Promise.all(super.sendAll([this.#last]))
    return reply
  }

  loseReply(isApplied: boolean, meanwhile: () => Promise<unknown>): void {
    this.#fault = { isApplied, meanwhile }
  }

  override sendAll(commands: readonly Command[]): Promise<Reply>[] {
    this.#last = commands.at(-1) ?? null
    const fault = this.#fault
    this.#fault = null
    if (fault === null) return super.sendAll(commands)
    const applied = fault.isApplied ? super.sendAll(commands) : commands.map(() => Promise.resolve(null))
    return applied.map(async (reply) => {
      await reply
      await fault.meanwhile()
      throw new Error('The connection broke.')
    })
  }
}

async function storedBelow(driver: Redis, prefix: string): Promise<ReadonlyMap<string, StoredKey>> {
  const keys = (await driver.keys(`${prefix}*`)).sort()
  const values = keys.map(async (key) => {
    const isText = (await driver.type(key)) === 'string'
    const value = isText
      ? await driver.getBuffer(key)
      : await driver.call('ZRANGE', key, '0', '-1', 'WITHSCORES')
    // What an answer is kept for is counted from when it came; all else leaves at an instant that was given.
    const leavesAt = key.includes('}:a:') ? null : await driver.call('PEXPIRETIME', key)
    return [key, { value, leavesAt }] as const
  })
  return new Map(await Promise.all(values))
}

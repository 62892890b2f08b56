import type { Argument, RedisClient, Reply } from './client.ts'
import { failureOf, isSilence, isUnsent, refusalOf, type Silence } from './failures.ts'
import type { CodeSource } from './redis-options.ts'

/** A script, its hash and its name as a function, as `scripts.gen.ts` has them. */
interface Script {
  readonly sha1: string
  readonly functionName: string
  readonly source: string
}

/** Sends a command to the primary of a key: together with others, or with a confirmation behind it. */
export interface Sender {
  send(key: string, args: readonly Argument[]): Promise<Reply>
}

/** One call of a script. The first key says where it runs. */
export interface Call {
  readonly script: Script
  readonly keys: readonly [string, ...string[]]
  readonly args: readonly Argument[]
  /** What it means for the caller when no answer comes. */
  readonly silence: Silence
  /** Whether the answer to the second sending tells what became of the first; left out where each does. */
  readonly tells?: (reply: Reply) => boolean
}

/** A server that lost its scripts gets them again; one that loses them faster than that is not to be used. */
const LOADS = 2

/**
 * Runs scripts by their hash. A server that does not know one, after a restart or fail-over, gets it. Functions
 * of the library are only called: whoever calls them may have no right to load any. A call whose connection
 * failed is sent once more: each is applied once, however often it arrives.
 */
export class ScriptRunner {
  readonly #client: RedisClient
  readonly #code: CodeSource
  readonly #loading = new Map<string, Promise<void>>()

  constructor(client: RedisClient, code: CodeSource) {
    this.#client = client
    this.#code = code
  }

  /** @throws SessionError */
  async run(sender: Sender, call: Call): Promise<Reply> {
    try {
      return await this.#evaluate(sender, call).catch((error: unknown) => {
        if (!isSilence(error)) throw error
        return this.#again(sender, call, error)
      })
    } catch (error) {
      throw failureOf(error, call.silence)
    }
  }

  async #again(sender: Sender, call: Call, failure: unknown): Promise<Reply> {
    const { tells = () => true } = call
    const reply = await this.#evaluate(sender, call).catch((error: unknown) => {
      // Refused now, but a write that was sent before may have been done.
      throw call.silence === 'OUTCOME_UNKNOWN' && !isUnsent(failure) ? failure : error
    })
    if (!tells(reply)) throw failure
    return reply
  }

  async #evaluate(sender: Sender, { script, keys, args }: Call): Promise<Reply> {
    const rest = [String(keys.length), ...keys, ...args]
    if (this.#code === 'functions') return sender.send(keys[0], ['FCALL', script.functionName, ...rest])
    const command = ['EVALSHA', script.sha1, ...rest]
    for (let load = 0; load < LOADS; load += 1) {
      try {
        return await sender.send(keys[0], command)
      } catch (error) {
        if (refusalOf(error) !== 'NOSCRIPT') throw error
        await this.#load(script, keys[0])
      }
    }
    return sender.send(keys[0], command)
  }

  /** Once for all calls that found it missing at one primary. */
  #load({ sha1, source }: Script, key: string): Promise<void> {
    const name = `${sha1} ${this.#client.primaryOf(key)}`
    const running = this.#loading.get(name)
    if (running !== undefined) return running
    const loading = this.#client
      .sendEverywhere(['SCRIPT', 'LOAD', source], key)
      .finally(() => this.#loading.delete(name))
    this.#loading.set(name, loading)
    return loading
  }
}

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
  /** What it means for the caller when no answer comes; left out where it may have written. */
  readonly silence?: Silence
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

  /** One promise when all goes well: this is on the way of every write. @throws SessionError */
  async run(sender: Sender, call: Call): Promise<Reply> {
    const command = this.#commandFor(call)
    try {
      return await sender.send(call.keys[0], command)
    } catch (error) {
      return this.#rescued(sender, call, command, error)
    }
  }

  #commandFor({ script, keys, args }: Call): readonly Argument[] {
    const name = this.#code === 'functions' ? ['FCALL', script.functionName] : ['EVALSHA', script.sha1]
    return [...name, String(keys.length), ...keys, ...args]
  }

  /** What comes of a call whose first sending failed. */
  async #rescued(sender: Sender, call: Call, command: readonly Argument[], failure: unknown): Promise<Reply> {
    try {
      return await this.#loaded(sender, call, command, failure).catch((error: unknown) => {
        if (!isSilence(error)) throw error
        return this.#again(sender, call, command, error)
      })
    } catch (error) {
      throw failureOf(error, call.silence ?? 'OUTCOME_UNKNOWN')
    }
  }

  /** Gives the server a script that it does not know, and sends the call again. */
  async #loaded(
    sender: Sender,
    { script, keys }: Call,
    command: readonly Argument[],
    failure: unknown,
  ): Promise<Reply> {
    let last = failure
    for (let load = 0; load < LOADS && refusalOf(last) === 'NOSCRIPT'; load += 1) {
      await this.#load(script, keys[0])
      try {
        return await sender.send(keys[0], command)
      } catch (error) {
        last = error
      }
    }
    throw last
  }

  async #again(sender: Sender, call: Call, command: readonly Argument[], failure: unknown): Promise<Reply> {
    const { silence = 'OUTCOME_UNKNOWN', tells = () => true } = call
    const reply = await sender
      .send(call.keys[0], command)
      .catch((error: unknown) => this.#loaded(sender, call, command, error))
      .catch((error: unknown) => {
        // Refused now, but a write that was sent before may have been done.
        throw silence === 'OUTCOME_UNKNOWN' && !isUnsent(failure) ? failure : error
      })
    if (!tells(reply)) throw failure
    return reply
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

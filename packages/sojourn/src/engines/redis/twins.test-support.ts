import type { Argument, Command, RedisClient, Reply } from './client.ts'
import { PassingClient } from './passing-client.test-support.ts'
import { SCRIPTS, type Script } from './scripts.gen.ts'

type ScriptName = keyof typeof SCRIPTS

/** A script with a fault: what is replaced in its text, and by what. */
export interface Twin {
  readonly script: ScriptName
  readonly from: string
  readonly to: string
}

/** @throws when the text is no longer in the script: then the twin says nothing */
function brokenText({ script, from, to }: Twin): string {
  const { source } = SCRIPTS[script]
  if (!source.includes(from)) throw new Error(`There is no "${from}" in ${script}.`)
  return source.replaceAll(from, () => to)
}

/** A client that runs one script in place of another. */
export class SwappingClient extends PassingClient {
  readonly #of: Script
  readonly #sha1: string

  static async make(client: RedisClient, twin: Twin): Promise<SwappingClient> {
    const [reply] = await Promise.all(
      client.sendAll([{ key: '', args: ['SCRIPT', 'LOAD', brokenText(twin)] }]),
    )
    return new SwappingClient(client, SCRIPTS[twin.script], String(reply))
  }

  constructor(client: RedisClient, of: Script, sha1: string) {
    super(client)
    this.#of = of
    this.#sha1 = sha1
  }

  override sendAll(commands: readonly Command[]): Promise<Reply>[] {
    const swapped = (word: Argument): Argument => (word === this.#of.sha1 ? this.#sha1 : word)
    return super.sendAll(commands.map(({ key, args }) => ({ key, args: args.map(swapped) })))
  }
}

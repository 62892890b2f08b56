import type { Argument, Command, RedisClient, Reply } from './client.ts'
import { PassingClient } from './passing-client.test-support.ts'
import { SCRIPTS } from './scripts.gen.ts'

/** Where the write id of a stored record ends; that of an end is all there is. */
const WRITE_ID_END = 16

/** What is sent a second time has another write id: the server cannot know it again. */
export class ForgetfulClient extends PassingClient {
  readonly #seen = new WeakSet<Buffer>()

  override sendAll(commands: readonly Command[]): Promise<Reply>[] {
    return super.sendAll(
      commands.map(({ key, args }) => ({ key, args: args.map((each) => this.#renamed(each)) })),
    )
  }

  #renamed(argument: Argument): Argument {
    if (typeof argument === 'string') return argument
    if (!this.#seen.has(argument)) {
      this.#seen.add(argument)
      return argument
    }
    const bytes = Buffer.from(argument)
    const at = bytes.byteLength > WRITE_ID_END ? WRITE_ID_END : bytes.byteLength
    bytes.writeUInt8(bytes.readUInt8(at - 1) ^ 1, at - 1)
    return bytes
  }
}

/** Its scripts lack the lines that match. */
export class CarelessClient extends PassingClient {
  readonly #lacking: RegExp

  constructor(client: RedisClient, lacking: RegExp) {
    super(client)
    this.#lacking = lacking
  }

  override sendAll(commands: readonly Command[]): Promise<Reply>[] {
    return super.sendAll(commands.map(({ key, args }) => ({ key, args: this.#rewritten(args) })))
  }

  #rewritten(args: readonly Argument[]): readonly Argument[] {
    const [name, sha1, ...rest] = args
    const script = Object.values(SCRIPTS).find((each) => each.sha1 === sha1)
    if (name !== 'EVALSHA' || script === undefined) return args
    const lines = script.source.split('\n').filter((line) => !this.#lacking.test(line))
    return ['EVAL', lines.join('\n'), ...rest]
  }
}

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** What a child answers to an order, and first of all to having been started. */
type Answer<Result> = { readonly result: Result | null } | { readonly error: string }

/** A process of this program that carries out orders, one after the other. */
export class Child<Order extends object, Result> {
  readonly #name: string
  readonly #child: ChildProcess

  /** The arguments are those of the command line; the first one says what the process does. */
  static async start<Order extends object, Result>(
    name: string,
    args: readonly string[],
  ): Promise<Child<Order, Result>> {
    const child = new Child<Order, Result>(name, fork(process.argv[1] ?? '', [...args]))
    await child.#answer()
    return child
  }

  constructor(name: string, child: ChildProcess) {
    this.#name = name
    this.#child = child
  }

  /** What came of an order; null for one that has no result. */
  ask(order: Order): Promise<Result | null> {
    this.#child.send(order)
    return this.#answer()
  }

  /** The result of an order that has one. */
  async get(order: Order): Promise<Result> {
    const result = await this.ask(order)
    if (result === null) throw new Error(`${this.#name} answered nothing.`)
    return result
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }

  async #answer(): Promise<Result | null> {
    const answered = new AbortController()
    const { signal } = answered
    const exited = once(this.#child, 'exit', { signal }).then(() => null)
    const message = once(this.#child, 'message', { signal })
    const [answer]: Answer<Result>[] = (await Promise.race([message, exited])) ?? []
    exited.catch(() => undefined)
    message.catch(() => undefined)
    answered.abort()
    if (answer === undefined) throw new Error(`${this.#name} ended before it answered.`)
    if ('error' in answer) throw new Error(`${this.#name}: ${answer.error}`)
    return answer.result
  }
}

/** The child's side: carries out what the parent asks for until the parent lets go of it. */
export function serveParent<Order, Result>(
  carryOut: (order: Order) => Promise<Result | null>,
  close: () => Promise<void>,
): void {
  const send = (answer: Answer<Result>) => process.send?.(answer)
  process.on('message', (order: Order) => {
    carryOut(order).then(
      (result) => send({ result }),
      (error: unknown) => send({ error: error instanceof Error ? String(error.stack) : String(error) }),
    )
  })
  // Some stores keep a timer that nobody can stop.
  const leave = () => process.exit()
  process.on('disconnect', () => {
    close().then(leave, leave)
  })
  send({ result: null })
}

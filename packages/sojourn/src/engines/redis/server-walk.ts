import type { SessionId } from '../../core/port.ts'
import { foreignPage } from '../pages.ts'
import { isId, type Keys } from './keys.ts'
import { idsOf, listOf, textOf } from './replies.ts'
import type { ScriptRunner, Sender } from './script-runner.ts'
import { SCRIPTS } from './scripts.gen.ts'

/** Ids of records that were stored a moment ago, and where the next ones begin. */
export interface IdPage {
  readonly ids: readonly SessionId[]
  readonly next: string | null
}

/** Where a walk stands: the server's run and cursor, and ids that were found and had no room on their page. */
interface Position {
  readonly run: string
  readonly cursor: string
  readonly ids: readonly SessionId[]
}

/** A call looks at a thousand keys, other applications' too: a page of few sessions among many keys ends early. */
const CALLS_A_PAGE = 8
const BEGINNING: Position = { run: '', cursor: '0', ids: [] }
const POSITION = /^([0-9A-Za-z]{0,64})\.(0|[1-9]\d{0,19})\.((?:[A-Za-z0-9_-]{16})*)$/
const CURSOR_END = 2n ** 64n

/**
 * A walk over the keys of one server, in the server's order (SCAN): what is there all the time comes at least once.
 * After a restart or fail-over it begins anew, because the order is then another one.
 */
export class ServerWalk {
  readonly #keys: Keys
  readonly #runner: ScriptRunner
  readonly #sender: Sender

  constructor(keys: Keys, runner: ScriptRunner, sender: Sender) {
    this.#keys = keys
    this.#runner = runner
    this.#sender = sender
  }

  /** @throws SessionError `INVALID_ARGUMENT` for what is no position of such a walk */
  async page(after: string | null, size: number): Promise<IdPage> {
    let position = after === null ? BEGINNING : positionOf(after)
    let isOver = after !== null && position.cursor === '0'
    const found = new Set(position.ids)
    for (let call = 0; call < CALLS_A_PAGE && !isOver && found.size < size; call += 1) {
      position = await this.#scan(position, size - found.size)
      isOver = position.cursor === '0'
      for (const id of position.ids) found.add(id)
    }
    const ids = [...found]
    const left = ids.splice(size)
    const { run, cursor } = position
    return { ids, next: isOver && left.length === 0 ? null : `${run}.${cursor}.${left.join('')}` }
  }

  async #scan({ run, cursor }: Position, wanted: number): Promise<Position> {
    const reply = await this.#runner.run(this.#sender, {
      script: SCRIPTS.scan,
      keys: [this.#keys.records],
      args: [run, cursor, String(wanted)],
      silence: 'ENGINE_UNAVAILABLE',
    })
    const [nextRun, nextCursor, ids] = listOf(reply)
    return {
      run: textOf(nextRun),
      cursor: textOf(nextCursor),
      ids: idsOf(ids, 'ENGINE_UNAVAILABLE').filter(isId),
    }
  }
}

function positionOf(after: string): Position {
  const [, run, cursor, ids] = POSITION.exec(after) ?? []
  if (run === undefined || cursor === undefined || BigInt(cursor) >= CURSOR_END) throw foreignPage()
  return { run, cursor, ids: idsOf(ids) }
}

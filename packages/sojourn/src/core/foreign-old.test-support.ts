import { type JsonObject, jsonCopy } from './foreign-data.ts'
import { type OldForm, type OldStore, type OldStoreMode, printOf } from './old-store.ts'
import { HOUR } from './world.test-support.ts'

/** Data as it is. */
export const PLAIN: OldForm = {
  adopt: (_id, { data, expiresAt }) => ({
    data,
    use: expiresAt === null ? null : { seenAt: seenAtOf(data) ?? expiresAt - HOUR, expiresAt },
  }),
  restore: (_id, data) => data,
}

function seenAtOf({ undated }: JsonObject): number | null {
  return undated === true ? Number.MAX_SAFE_INTEGER : null
}

/** An old store that lies in the memory of the test, so that what is read and removed can be told. */
export class OldMap implements OldStore {
  readonly mode: OldStoreMode
  readonly sessions = new Map<string, { data: JsonObject; left: number }>()
  /** Runs after a read, before its answer. */
  afterRead: () => Promise<unknown> = async () => undefined
  isDown = false

  constructor(mode: OldStoreMode = 'move') {
    this.mode = mode
  }

  async read(id: string, now: number) {
    const found = this.sessions.get(id)
    await this.afterRead()
    if (this.isDown) throw new Error('down')
    if (found === undefined) return null
    const { data, left } = found
    return { data, expiresAt: now + left, print: printOf(JSON.stringify(data)) }
  }

  async remove(id: string): Promise<void> {
    if (this.isDown) throw new Error('down')
    this.sessions.delete(id)
  }

  encode(data: JsonObject): string {
    return JSON.stringify(data)
  }

  async write(id: string, text: string, left: number): Promise<void> {
    this.sessions.set(id, { data: jsonCopy(JSON.parse(text)), left })
  }

  async page() {
    return { ids: [...this.sessions.keys()], next: null, done: 1 }
  }
}

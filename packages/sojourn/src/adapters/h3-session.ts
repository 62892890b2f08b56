import type { ReadonlyData } from '../core/index.ts'
import type { RequestSession } from '../http/index.ts'

/** What `update` takes: fields that are set, or a synchronous function of the data that returns them. */
type H3Update<Data> = Partial<Data> | ((data: Data) => Partial<Data> | undefined)

/** The keys that data may be without. */
type RemovableKey<Data> = {
  [Key in keyof Data]-?: object extends Pick<Data, Key> ? Key : never
}[keyof Data]

/** The shape of what `useSession` of h3 gives. Its members work detached too. */
export interface H3Session<Data> {
  /** Undefined without a session. */
  readonly id: string | undefined
  /** Without a session what `initial` says. Read-only: change it with `update`. */
  readonly data: ReadonlyData<Data>
  /** Sets the fields that are given and leaves the others. A function may run more than once. */
  readonly update: (update: H3Update<Data>) => Promise<H3Session<Data>>
  /** Takes a field away, which `update` cannot. */
  readonly remove: (key: RemovableKey<Data>) => Promise<H3Session<Data>>
  /** Logs out. */
  readonly clear: () => Promise<H3Session<Data>>
}

/** The handle of a request in that shape. What it changes rejects as the handle does. */
export function h3Session<Data extends object>(session: RequestSession<Data>): H3Session<Data> {
  const facade: H3Session<Data> = {
    get id() {
      return session.id ?? undefined
    },
    get data() {
      return session.data
    },
    async update(update) {
      // What it returns is handed on, so that one that waits is refused as every recipe is.
      await session.update((draft) => {
        const fields = typeof update === 'function' ? update(draft) : update
        Object.assign(draft, fields)
        return fields
      })
      return facade
    },
    async remove(key) {
      await session.update((draft) => Reflect.deleteProperty(draft, key))
      return facade
    },
    async clear() {
      await session.logout()
      return facade
    },
  }
  return facade
}

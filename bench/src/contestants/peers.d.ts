/** The few calls that are made of packages that bring no types. */
declare module 'express-session' {
  export type SessionContent<Data> = Data & { cookie: unknown }

  export interface Store {
    get<Data>(id: string, done: (error: Error | null, content?: SessionContent<Data> | null) => void): void
    set<Data>(id: string, content: SessionContent<Data>, done: (error?: Error | null) => void): void
  }

  export interface ExpressSession {
    readonly Cookie: new (options: { readonly maxAge: number }) => unknown
    readonly MemoryStore: new () => Store
    readonly Store: new () => Store
  }

  const session: ExpressSession
  export default session
}

declare module 'memorystore' {
  import type { ExpressSession, Store } from 'express-session'
  export default function memorystore(session: ExpressSession): new (options: object) => Store
}

declare module 'better-sqlite3-session-store' {
  import type { ExpressSession, Store } from 'express-session'
  export default function sqliteStore(
    session: ExpressSession,
  ): new (options: {
    readonly client: object
  }) => Store
}

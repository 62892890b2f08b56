/** The few calls that are made of packages that bring no types. */
declare module 'express-session' {
  export type SessionContent<Data> = Data & { cookie: unknown }

  export interface Store {
    get<Data>(id: string, done: (error: Error | null, content?: SessionContent<Data> | null) => void): void
    set<Data>(id: string, content: SessionContent<Data>, done: (error?: Error | null) => void): void
  }

  export interface ExpressSession {
    /** The middleware. */
    (options: object): (request: object, response: object, next: () => void) => void
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

declare module 'connect-redis' {
  import type { Store } from 'express-session'

  export class RedisStore implements Store {
    constructor(options: { readonly client: object })
    get<Content>(id: string): Promise<Content | null>
    get<Data>(id: string, done: (error: Error | null, content?: Data | null) => void): void
    set(id: string, content: object): Promise<unknown>
    set(id: string, content: object, done: (error?: Error | null) => void): void
    destroy(id: string): Promise<unknown>
    all<Content>(): Promise<Content[]>
    /** Of express-session: the session object of a request. */
    createSession<Content>(request: object, content: Content): Content
  }
}

declare module '@fastify/session' {
  import type { FastifyPluginCallback } from 'fastify'

  export interface RequestSession {
    readonly encryptedSessionId: string
    isModified(): boolean
    save(): Promise<void>
  }

  export interface FastifyRequest<Kind extends RequestSession = RequestSession> {
    session: Kind | null
  }

  /** What the plugin does to Fastify. */
  export interface Host {
    decorate(
      name: 'decryptSession',
      value: (cookie: string, request: FastifyRequest, done: (error?: Error) => void) => void,
    ): void
    decorateRequest(): void
    addHook(): void
  }

  export function fastifySession(host: Host, options: object, next: (error?: Error) => void): void

  const plugin: FastifyPluginCallback<{ secret: string; cookie: { secure: boolean } }>
  export default plugin
}

declare module '@fastify/cookie' {
  import type { FastifyPluginCallback } from 'fastify'

  export const Signer: new (secret: string, algorithm: string) => object

  const plugin: FastifyPluginCallback<object>
  export default plugin
}

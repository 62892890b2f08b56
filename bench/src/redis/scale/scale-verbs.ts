import type { Session, SessionStore } from 'sojourn'
import { atOnce } from '../contestants/at-once.ts'

/** What is measured on a small and on a large store. */
export const SCALE_VERBS = [
  'read',
  'rewrite',
  'update',
  'touch',
  'create',
  'revoke',
  'list',
  'revokeUser',
] as const
export type ScaleVerb = (typeof SCALE_VERBS)[number]

/** A small session: most are. */
export interface Small {
  theme: string
  step: number
}

/** Sessions of each user that is listed, or ended. */
const USER_SESSIONS = 10
const AT_ONCE = 64

/** The verbs, each as something that can be called again and again on random sessions. */
export class ScaleVerbs {
  readonly #sessions: SessionStore<Small>
  readonly #tokens: readonly string[]
  #users = 0

  constructor(sessions: SessionStore<Small>, tokens: readonly string[]) {
    this.#sessions = sessions
    this.#tokens = tokens
  }

  /** Prepares `calls` calls of a verb, so that only the verb itself is left to do. */
  async prepare(verb: ScaleVerb, calls: number): Promise<(call: number) => Promise<void>> {
    switch (verb) {
      case 'read':
        return (call) => this.#read(call)
      case 'rewrite':
        return this.#rewrites(calls)
      case 'update':
        return async (call) => assertDone(await this.#sessions.update(this.#tokenOf(call), advance))
      case 'touch':
        return async (call) => assertDone(await this.#sessions.touch(this.#tokenOf(call)))
      case 'create':
        return async (call) => assertDone(await this.#create(`created-${call}`))
      case 'revoke':
        return this.#revokes(calls)
      case 'list':
        return this.#lists(calls)
      case 'revokeUser':
        return this.#revokesOfUsers(calls)
    }
  }

  async #read(call: number): Promise<void> {
    const session = await this.#sessions.read(this.#tokenOf(call), { touch: false })
    if (session?.data.theme !== 'dark') throw new Error('The session was not read.')
  }

  async #rewrites(calls: number) {
    const known: (Session<Small> | null)[] = []
    await atOnce(calls, AT_ONCE, async (index) => {
      known[index] = await this.#sessions.read(this.#tokenOf(index), { touch: false })
    })
    return async (call: number) => {
      const session = known[call % calls]
      assertDone(session && (await this.#sessions.update(session, advance)))
    }
  }

  async #revokes(calls: number) {
    const tokens: string[] = []
    await atOnce(calls, AT_ONCE, async (index) => {
      tokens[index] = (await this.#create(`revoked-${index}`)).token
    })
    return async (call: number) => assertDone(await this.#sessions.revoke(tokens[call - 1] ?? ''))
  }

  async #lists(calls: number) {
    const users = await this.#someUsers(Math.min(calls, AT_ONCE))
    return async (call: number) => {
      const found = await this.#sessions.list({ userId: users[call % users.length] ?? '' })
      assertDone(found.length === USER_SESSIONS)
    }
  }

  async #revokesOfUsers(calls: number) {
    const users = await this.#someUsers(calls)
    return async (call: number) => {
      assertDone((await this.#sessions.revokeUser(users[call - 1] ?? '')).length === USER_SESSIONS)
    }
  }

  async #someUsers(count: number): Promise<string[]> {
    const users = Array.from({ length: count }, () => `several-${this.#users++}`)
    await atOnce(count * USER_SESSIONS, AT_ONCE, async (index) => {
      await this.#create(users[index % count] ?? '')
    })
    return users
  }

  #create(userId: string) {
    return this.#sessions.create({ userId, data: { theme: 'dark', step: 1 } })
  }

  #tokenOf(call: number): string {
    return this.#tokens[call % this.#tokens.length] ?? ''
  }
}

function advance(draft: Small): void {
  draft.step += 1
}

function assertDone(result: unknown): void {
  if (!result) throw new Error('A call found nothing.')
}

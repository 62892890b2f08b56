import type { Connection, Reply } from './client.ts'
import { failureOf, refusalOf } from './failures.ts'

/** What a server answered, or why it did not: `missing` is what the user must be given to look. */
export type Looked<T> = { readonly value: T } | { readonly missing: string }

const NOT_THERE = /unknown (sub)?command/i
/** What ACL DRYRUN answers for a command that this server does not have. */
const UNKNOWN_TO_DRYRUN = /command .* not found/i

/** One server, asked what its settings are. A right that the user lacks is an answer too. */
export class DoctorServer {
  readonly node: string
  readonly #connection: Connection

  constructor(node: string, connection: Connection) {
    this.node = node
    this.#connection = connection
  }

  /**
   * `right` is what the question needs, such as `config|get`.
   * @throws SessionError when the server does not answer
   */
  async ask<T>(right: string, args: readonly string[], parse: (reply: Reply) => T): Promise<Looked<T>> {
    try {
      return { value: parse(await this.#connection.send(args)) }
    } catch (error) {
      return missingOf(right, error)
    }
  }

  info(): Promise<Looked<ReadonlyMap<string, string>>> {
    return this.ask('info', ['INFO'], infoOf)
  }

  /** A setting; null where the server has none of this name. */
  setting(name: string): Promise<Looked<string | null>> {
    return this.ask('config|get', ['CONFIG', 'GET', name], (reply) => pairsOf(reply).get(name) ?? null)
  }

  whoAmI(): Promise<Looked<string>> {
    return this.ask('acl|whoami', ['ACL', 'WHOAMI'], textOf)
  }

  /** The flags of a user, such as `on nopass`; null when there is no such user. */
  flagsOf(user: string): Promise<Looked<string | null>> {
    const parse = (reply: Reply) => (reply === null ? null : (pairsOf(reply).get('flags') ?? ''))
    return this.ask('acl|getuser', ['ACL', 'GETUSER', user], parse)
  }

  /** The text of each library of functions whose name fits the pattern. Redis 7.0 and newer. */
  libraries(pattern: string): Promise<Looked<ReadonlyMap<string, string>>> {
    const list = ['FUNCTION', 'LIST', 'LIBRARYNAME', pattern, 'WITHCODE']
    return this.ask('function|list', list, (reply) => {
      const libraries = Array.isArray(reply) ? reply.map(pairsOf) : []
      return new Map(
        libraries.map((each) => [each.get('library_name') ?? '', each.get('library_code') ?? '']),
      )
    })
  }

  /** Whether a user may send a command. Nothing is run. Redis 7.0 and newer. */
  async allows(user: string, command: readonly string[]): Promise<Looked<boolean>> {
    try {
      const answer = await this.#connection.send(['ACL', 'DRYRUN', user, ...command])
      return { value: textOf(answer) === 'OK' }
    } catch (error) {
      if (error instanceof Error && UNKNOWN_TO_DRYRUN.test(error.message)) return { value: false }
      return missingOf('acl|dryrun', error)
    }
  }
}

/** @throws SessionError for a failure that is not about what the user may do */
function missingOf(right: string, error: unknown): { readonly missing: string } {
  const refused = refusalOf(error)
  if (refused === 'NOPERM') return { missing: `the right +${right}` }
  if (refused !== null && error instanceof Error && NOT_THERE.test(error.message)) {
    return { missing: `a server that has ${right.replace('|', ' ').toUpperCase()}` }
  }
  throw failureOf(error, 'ENGINE_UNAVAILABLE')
}

export function textOf(reply: Reply): string {
  if (Array.isArray(reply)) return reply.map(textOf).join(' ')
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : String(reply)
}

/** Drivers give a map as an array, an object or a Map, as the protocol and their settings have it. */
function pairsOf(reply: Reply): ReadonlyMap<string, string> {
  const flat = Array.isArray(reply) ? reply : entriesOf(reply).flat()
  const pairs = new Map<string, string>()
  for (let place = 0; place + 1 < flat.length; place += 2) {
    pairs.set(textOf(flat[place]), textOf(flat[place + 1]))
  }
  return pairs
}

function entriesOf(reply: Reply): (readonly [unknown, unknown])[] {
  if (reply instanceof Map) return [...reply.entries()]
  return typeof reply === 'object' && reply !== null ? Object.entries(reply) : []
}

function infoOf(reply: Reply): ReadonlyMap<string, string> {
  const lines = textOf(reply).split(/\r?\n/)
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : []
    }),
  )
}

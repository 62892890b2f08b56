import { refusal } from './refusal.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** Where a store's servers are, and who asks, as a URL says it. */
export interface ServerUrl {
  /** One server, Sentinels that know of the primary, or some servers of a cluster. */
  readonly kind: 'server' | 'sentinel' | 'cluster'
  /** The one server, or as many Sentinels or servers as are named. */
  readonly nodes: readonly Address[]
  /** What the Sentinels call the primary; empty for others. */
  readonly name: string
  readonly database: number
  readonly isEncrypted: boolean
  /** Empty when the URL names none. They are for the servers with data, not for Sentinels. */
  readonly username: string
  readonly password: string
  /** Where to go instead of an address that Sentinels or a cluster name; null for wherever they say. */
  readonly redirect: ((address: string) => Address | null) | null
}

const URL_PARTS =
  /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^@/:]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^/?#]*))?$/
const HOST = /^(?<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?<port>\d{1,5}))?$/i
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/
/** Names of this kind are never given to anybody (RFC 6761), and this one says why it is not found. */
const NOWHERE: Address = { host: 'needs-rediss-or-allow-plaintext.invalid', port: 1 }
const DEFAULT_PORTS = { server: 6_379, sentinel: 26_379, cluster: 6_379 } as const
const FORMS =
  'redis://[user:password@]host[:port][/database], redis+sentinel://[user:password@]host[:port],…/name or redis+cluster://[user:password@]host[:port],…; rediss for TLS'

/**
 * Reads a URL of one of the three forms. Refusals name the form and never the URL: it may hold a password.
 * @throws SessionError `INVALID_ARGUMENT`, also for another host without TLS unless that is allowed (SECURITY T90)
 */
export function serverUrlOf(url: unknown, allowPlaintext: boolean): ServerUrl {
  const parts = typeof url === 'string' ? URL_PARTS.exec(url)?.groups : undefined
  if (parts === undefined) throw malformed()
  const { kind: variant, tls = '', user = '', password = '', hosts = '', path = '' } = parts
  const kind = kindOf(variant)
  const nodes = hosts.split(',').map((text) => addressOf(text, DEFAULT_PORTS[kind]))
  if (kind === 'server' && nodes.length > 1) throw malformed()
  const isEncrypted = tls !== ''
  if (!isEncrypted && !allowPlaintext && !nodes.every(isLoopback)) {
    throw refusal('redis:// to another host is readable on the way: use rediss://, or set allowPlaintext')
  }
  return {
    kind,
    nodes,
    ...placeOf(kind, decoded(path)),
    isEncrypted,
    username: decoded(user),
    password: decoded(password),
    redirect: isEncrypted || allowPlaintext ? null : away,
  }
}

function isLoopback({ host }: Address): boolean {
  return LOOPBACK.test(host)
}

/** Sentinels here may name a primary elsewhere. Without TLS nothing goes there, the password least of all. */
function away(address: string): Address | null {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  // A cluster of one server does not know its own address; what no host is named for goes to this one.
  return host === '' || isLoopback({ host, port: 0 }) ? null : NOWHERE
}

function kindOf(text: string | undefined): ServerUrl['kind'] {
  return text === 'sentinel' || text === 'cluster' ? text : 'server'
}

function addressOf(text: string, defaultPort: number): Address {
  const { host, port = String(defaultPort) } = HOST.exec(text)?.groups ?? {}
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) throw malformed()
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function placeOf(kind: ServerUrl['kind'], path: string): Pick<ServerUrl, 'name' | 'database'> {
  if (kind === 'sentinel' && path !== '') return { name: path, database: 0 }
  const isRight = kind === 'server' ? /^\d{0,5}$/.test(path) : kind === 'cluster' && path === ''
  if (!isRight) throw malformed()
  return { name: '', database: Number(path) }
}

function decoded(text: string): string {
  const plain = decodedOrNull(text)
  if (plain === null) throw malformed()
  return plain
}

function decodedOrNull(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function malformed() {
  return refusal(`url must be ${FORMS}`)
}

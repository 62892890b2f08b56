import { parseArgs } from 'node:util'
import type { AclOptions, ServerVersion } from '../engines/redis/acl.ts'

export const USAGE = `sojourn-doctor [options] [redis://doctor:password@host:port ...]

Says what the settings of Redis servers mean for sessions. Each URL is one primary; without one they are read
from the standard input, where no list of processes shows the passwords.

  --user <name>       the application's user, whose rights are tried; without it the URL's own
  --prefix <prefix>   the store's prefix (sojourn)
  --acl               prints the ACL rules of the application's user and of doctor's, and asks no server;
                      with --feed also of a service that only reads the event feed
  --library           prints the library for code: 'functions', and asks no server:
                      sojourn-doctor --library | redis-cli -x FUNCTION LOAD REPLACE
  --server <version>  what --acl is for: 6.2, 7.0 or 7.2 (7.0)
  --wait --fsync --near-cache --feed --scan --cluster --sentinel --functions
                      what the application uses, for its rights
  --replicas <n>      how many replicas a write waits for (0)
  --allow-volatile    an eviction policy volatile-... is agreed to while there is room
  --allow-plaintext   lets a URL name another host without TLS
  --json              findings as JSON

Exit code: 0 nothing fails, 1 a finding fails, 2 it could not be found out.`

/** What the command line asks for. */
export interface Asked {
  readonly urls: readonly string[]
  readonly rights: AclOptions
  readonly help: boolean
  readonly acl: boolean
  readonly library: boolean
  readonly json: boolean
  readonly replicas: number
  readonly allowVolatile: boolean
  readonly allowPlaintext: boolean
}

const FLAG = { type: 'boolean', default: false } as const
const OPTIONS = {
  user: { type: 'string' },
  prefix: { type: 'string', default: 'sojourn' },
  server: { type: 'string', default: '7.0' },
  replicas: { type: 'string', default: '0' },
  help: FLAG,
  acl: FLAG,
  library: FLAG,
  json: FLAG,
  wait: FLAG,
  fsync: FLAG,
  'near-cache': FLAG,
  feed: FLAG,
  scan: FLAG,
  cluster: FLAG,
  sentinel: FLAG,
  functions: FLAG,
  'allow-volatile': FLAG,
  'allow-plaintext': FLAG,
} as const
const VERSIONS = ['6.2', '7.0', '7.2'] as const

/** @throws Error with what is wrong */
export function parse(args: readonly string[]): Asked {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  const { user, prefix, wait, fsync, feed, scan, cluster, sentinel, functions } = values
  const features = { wait, fsync, nearCache: values['near-cache'], feed, scan, cluster, sentinel, functions }
  return {
    urls: positionals,
    rights: {
      ...(user === undefined ? {} : { user }),
      prefix,
      server: versionOf(values.server),
      ...features,
    },
    help: values.help,
    acl: values.acl,
    library: values.library,
    json: values.json,
    replicas: countOf(values.replicas),
    allowVolatile: values['allow-volatile'],
    allowPlaintext: values['allow-plaintext'],
  }
}

function versionOf(text: string): ServerVersion {
  const version = VERSIONS.find((each) => each === text)
  if (version === undefined) throw new Error(`--server is one of ${VERSIONS.join(', ')}.`)
  return version
}

function countOf(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new Error('--replicas is a number of replicas.')
  return Number(text)
}

import type { Instant } from '../core/port.ts'
import { aclRule, doctorRule, feedReaderRule } from '../engines/redis/acl.ts'
import { type DoctorOptions, doctor } from '../engines/redis/doctor.ts'
import type { Finding } from '../engines/redis/doctor-finding.ts'
import { clientOf } from '../engines/redis/driver.ts'
import { driverFor } from '../engines/redis/driver-for-url.ts'
import { LIBRARY } from '../engines/redis/scripts.gen.ts'
import { serverUrlOf } from '../engines/redis/server-url.ts'
import { type Asked, parse, USAGE } from './arguments.ts'
import { reportOf } from './report.ts'

/** What the command takes from its process. */
export interface Terminal {
  readonly print: (line: string) => unknown
  readonly complain: (line: string) => unknown
  /** All of the standard input. */
  readonly input: () => Promise<string>
  readonly now: () => Instant
}

/** 0: nothing fails. 1: a finding does. 2: it could not be found out. */
export type ExitCode = 0 | 1 | 2

/** `sojourn-doctor`, but for its process. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    return await answer(parse(args), terminal)
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : String(error))
    return 2
  }
}

async function answer(asked: Asked, terminal: Terminal): Promise<ExitCode> {
  if (asked.help) {
    terminal.print(USAGE)
    return 0
  }
  if (asked.acl) {
    terminal.print(aclRule(asked.rights))
    terminal.print(doctorRule({ ...asked.rights, user: 'doctor' }))
    if (asked.rights.feed === true) terminal.print(feedReaderRule({ ...asked.rights, user: 'sojourn-feed' }))
    return 0
  }
  if (asked.library) {
    terminal.print(LIBRARY.source.trimEnd())
    return 0
  }
  const urls = asked.urls.length > 0 ? asked.urls : (await terminal.input()).split(/\s+/).filter(Boolean)
  if (urls.length === 0) throw new Error(USAGE)
  const { rights: acl, replicas, allowVolatile } = asked
  const options = { now: terminal.now, acl, replicas, allowVolatile }
  const findings = await Promise.all(urls.map((url) => examine(url, asked.allowPlaintext, options)))
  terminal.print(asked.json ? JSON.stringify(findings.flat(), null, 2) : reportOf(findings.flat()))
  return findings.flat().some(({ verdict }) => verdict === 'fail') ? 1 : 0
}

/** The client is made for one server: its address says more than `primary` does. */
async function examine(
  url: string,
  allowPlaintext: boolean,
  options: DoctorOptions,
): Promise<readonly Finding[]> {
  const { kind, nodes } = serverUrlOf(url, allowPlaintext)
  if (kind !== 'server') throw new Error('Each URL is one server: redis://host:port or rediss://host:port.')
  const driver = await driverFor(url, allowPlaintext)
  const host = nodes.map((node) => `${node.host}:${node.port}`).join()
  try {
    const findings = await doctor(driver, options)
    return findings.map((finding) => ({ ...finding, node: host }))
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new Error(`${host}: ${error.message} Are address, user and password right?`, { cause: error })
  } finally {
    await clientOf(driver).close()
  }
}

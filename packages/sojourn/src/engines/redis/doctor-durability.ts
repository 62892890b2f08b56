import { fail, ok, type Result, warn } from './doctor-finding.ts'
import type { Looked } from './doctor-server.ts'
import { serverVersion } from './doctor-version.ts'

type Info = ReadonlyMap<string, string>
type Setting = Looked<string | null>

const ONLINE_REPLICA = /\bstate=online\b/

/** Settings of the server, by their names, and whether writes wait for its disk. */
export interface DiskSettings {
  readonly fsync: Setting
  readonly save: Setting
  readonly isAsked: boolean
}

/** What is left after a crash of the server. */
export function checkPersistence(info: Info, { fsync, save, isAsked }: DiskSettings): Result {
  const failed = [
    ['rdb_last_bgsave_status', 'the last snapshot failed'],
    ['aof_last_write_status', 'the last write to the log failed'],
    ['aof_last_bgrewrite_status', 'the last rewrite of the log failed'],
  ].filter(([name = '']) => (info.get(name) ?? 'ok') !== 'ok')
  if (failed.length > 0) {
    const found = failed.map(([, what]) => what).join(', ')
    return fail(found, 'The server soon refuses all writes (MISCONF).', 'Look at its disk and its log.')
  }
  if (isAsked && (info.get('aof_enabled') !== '1' || serverVersion(info) !== '7.2')) {
    const found = 'durability fsync, and no WAITAOF with appendonly yes'
    return fail(found, 'Every write ends as unknown.', 'Redis 7.2 or newer, and CONFIG SET appendonly yes')
  }
  if (info.get('aof_enabled') === '1') return checkLog('value' in fsync ? fsync.value : null)
  const means = 'sessions are lost, and log-outs are undone'
  if ('value' in save && save.value === '') {
    return warn('nothing is written to disk', `After a crash all ${means}.`, 'CONFIG SET appendonly yes')
  }
  const found = 'value' in save ? `snapshots only (save ${save.value})` : 'no log (appendonly no)'
  return warn(found, `After a crash the last minutes’ ${means}.`, 'CONFIG SET appendonly yes')
}

function checkLog(fsync: string | null): Result {
  const found = `appendonly yes, appendfsync ${fsync ?? 'unknown'}`
  if (fsync === 'no') {
    const means = 'After a crash of the machine up to half a minute of writes is lost, log-outs too.'
    return warn(found, means, 'CONFIG SET appendfsync everysec')
  }
  if (fsync === 'always') return ok(found, 'What was acknowledged is on the disk.')
  return ok(found, 'After a crash at most about a second of writes is lost, log-outs too.')
}

/** `needed`: how many replicas a write waits for. */
export function checkReplicas(info: Info, needed: number): Result {
  if (info.get('role') === 'slave') {
    const set = 'Give the client the primary, or Sentinel or Cluster to find it.'
    return fail('this server is a replica', 'It refuses every write, and reads lag behind log-outs.', set)
  }
  const online = [...info].filter(([name, value]) => /^slave\d+$/.test(name) && ONLINE_REPLICA.test(value))
  const connected = Number(info.get('connected_slaves') ?? 0)
  if (online.length < needed) {
    const found = `replicas in step: ${online.length}, and writes wait for ${needed}`
    return fail(found, 'Every such write ends as unknown.', 'Add replicas, or set replicas lower.')
  }
  const means = 'When this server dies, its sessions are out of reach until it is back.'
  if (connected === 0)
    return warn('no replica', means, 'Add a replica, and Sentinel or Cluster to promote it.')
  if (online.length < connected) {
    return warn(`replicas in step: ${online.length} of ${connected}`, means, 'Look at the replicas’ logs.')
  }
  return ok(`replicas in step: ${connected}`, 'When this server dies, a replica can take its place.')
}

/** Whether a primary that was cut off goes on to accept log-ins and log-outs that nobody will remember. */
export function checkMinReplicas(info: Info, setting: string | null): Result {
  const wanted = Number(setting ?? 0)
  const connected = Number(info.get('connected_slaves') ?? 0)
  const found = `min-replicas-to-write ${wanted}, replicas: ${connected}`
  if (wanted > connected) {
    return fail(
      found,
      'The server refuses every write (NOREPLICAS).',
      'Bring the replicas back, or set it lower.',
    )
  }
  if (connected === 0) return ok(found, 'Nothing to set without replicas.')
  if (wanted > 0) return ok(found, 'A primary that was cut off stops to write within min-replicas-max-lag.')
  return warn(
    found,
    'A primary that was cut off takes writes until it is found out; all of them are lost, log-outs too.',
    'CONFIG SET min-replicas-to-write 1 and min-replicas-max-lag 10.',
  )
}

import type { Engine } from '../../core/port.ts'
import type { AclOptions } from './acl.ts'
import type { RedisClient } from './client.ts'
import { clientOf, type Driver } from './driver.ts'
import type { CheckedOptions } from './redis-options.ts'
import { refusal } from './refusal.ts'

/** What is looked at, and what is known of its needs. */
export interface Subject {
  readonly client: RedisClient
  readonly acl: AclOptions
  /** How many replicas a write waits for. */
  readonly replicas: number
}

const engines = new WeakMap<Engine, Subject>()

/** Keeps what `doctor` asks of an engine beside it, so that the engine itself offers nothing but the port. */
export function remember<E extends Engine>(engine: E, client: RedisClient, options: CheckedOptions): E {
  const { prefix, durability, security, replicas, code } = options
  const wait = [durability, security].includes('replicated')
  const fsync = [durability, security].includes('fsync')
  const acl = { prefix, wait, fsync, cluster: client.isCluster, functions: code === 'functions' }
  engines.set(engine, { client, acl, replicas })
  return engine
}

/** @throws SessionError `INVALID_ARGUMENT` for what is neither a driver's client nor an engine of `redis()` */
export function subjectOf(engineOrDriver: Engine | Driver): Subject {
  if (!isEngine(engineOrDriver)) {
    const client = clientOf(engineOrDriver)
    return { client, acl: { cluster: client.isCluster }, replicas: 0 }
  }
  const subject = engines.get(engineOrDriver)
  if (subject === undefined)
    throw refusal('doctor looks at an engine of redis(), without layers, or at a client')
  return subject
}

function isEngine(engineOrDriver: Engine | Driver): engineOrDriver is Engine {
  return 'traits' in engineOrDriver
}

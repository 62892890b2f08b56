export type { Clock } from './clock.ts'
export { createSessionStore } from './create-session-store.ts'
export { ERRORS, type ErrorCode, SessionError } from './errors.ts'
export type { EventName, StoreEvents } from './events.ts'
export type { Duration, Lifetime } from './lifetime.ts'
export type {
  CreateOptions,
  ReadOptions,
  ReauthenticateOptions,
  Recipe,
  RotateOptions,
  StoreOptions,
} from './options.ts'
export type * from './port.ts'
export { type LifetimeOption, type PerUser, type Policy, PRESETS, type PresetName } from './presets.ts'
export type {
  Device,
  Issued,
  ReadonlyData,
  Session,
  SessionAddress,
  SessionData,
  SessionInfo,
  Storable,
} from './session.ts'
export type { SessionStore } from './session-store.ts'

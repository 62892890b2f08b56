export {
  type Archive,
  type ArchiveDestination,
  type ArchiveFunction,
  type ArchiveOptions,
  archiveTo,
  type EndedSession,
  type Ending,
  type HistoryQuery,
  type LiveSession,
  type PastSession,
} from './archive.ts'
export type { Clock } from './clock.ts'
export { createSessionStore } from './create-session-store.ts'
export type { DeadLetter } from './dead-letters.ts'
export { ERRORS, type ErrorCode, SessionError } from './errors.ts'
export type { EventName, StoreEvent, StoreEvents } from './events.ts'
export type { EventFeed, FeedEars, FeedEvent, FeedLine, FeedName } from './feed.ts'
export { dataFromJson, jsonFromData } from './json-form.ts'
export type { Duration, Lifetime } from './lifetime.ts'
export type {
  CreateOptions,
  ReadOptions,
  ReauthenticateOptions,
  Recipe,
  RotateOptions,
  StoreOptions,
} from './options.ts'
export type { UserErased, UserExport } from './personal-data.ts'
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
export type { ArchiveStatus, StoreArchive } from './store-archive.ts'

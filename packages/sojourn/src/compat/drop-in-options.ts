import type { ForeignSessions } from '../core/foreign-sessions.ts'
import type { OldForm, OldStore } from '../core/old-store.ts'
import type { SessionStore } from '../core/session-store.ts'
import { refuseOthers } from './key-value.ts'

/** What the drop-in store of a framework's sessions takes. */
export interface DropInOptions<Session> {
  /** Whose session it is, from its data: so that it is listed, counted and ended with the user's others. */
  readonly userId?: (session: Session) => string | null | undefined
  /** Keeps several kinds of sessions in one store apart. Never change it. Default: the framework's name. */
  readonly label?: string
  /** Where sessions were before, such as `koaRedis({ client })` of `sojourn/migrate`: nobody is logged out. */
  readonly migrateFrom?: OldStore
}

/** Sessions before anybody says what they hold. */
export type AnySession = Readonly<Record<string, unknown>>

/** @throws SessionError `INVALID_ARGUMENT` */
export function openForeign<Data>(
  sessions: SessionStore<Data>,
  { label, userId, migrateFrom, ...others }: DropInOptions<AnySession>,
  framework: string,
  form: OldForm,
): ForeignSessions<Data> {
  refuseOthers(others)
  return sessions.foreign({
    label: label ?? framework,
    ...(userId === undefined ? {} : { userId }),
    ...(migrateFrom === undefined ? {} : { migrateFrom: { store: migrateFrom, form } }),
  })
}

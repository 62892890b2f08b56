import { FASTIFY_FORM } from '../compat/fastify-desk.ts'
import { KOA_FORM } from '../compat/koa-session.ts'
import { EXPRESS_FORM } from '../compat/old-forms.ts'
import { SessionError } from '../core/errors.ts'
import type { OldForm } from '../core/old-store.ts'

/** Frameworks whose old sessions can be fetched before they are asked for, and how each of them writes. */
const FORMS = {
  'express-session': EXPRESS_FORM,
  'fastify-session': FASTIFY_FORM,
  'koa-session': KOA_FORM,
} as const satisfies Readonly<Record<string, OldForm>>

export type FrameworkName = keyof typeof FORMS

/** @throws SessionError `INVALID_ARGUMENT` */
export function formOf(name: FrameworkName): OldForm {
  if (Object.hasOwn(FORMS, name)) return FORMS[name]
  throw new SessionError('INVALID_ARGUMENT', `as must be one of ${Object.keys(FORMS).join(', ')}.`)
}

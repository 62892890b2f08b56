import { bindingOf, eventOf, type StoreContext, sessionOf } from './context.ts'
import { assuranceOf } from './create-session.ts'
import { SessionError } from './errors.ts'
import { expiryOf } from './lifetime.ts'
import { type Found, lookUp } from './look-up.ts'
import type { ReauthenticateOptions, RotateOptions } from './options.ts'
import type { Replaced, SessionRecord } from './port.ts'
import { presentedAs, successionAtOnce, successionWithGrace, successorOf } from './secrets.ts'
import type { Issued } from './session.ts'
import { digestOf } from './token.ts'

const CONFLICT_RETRIES = 8

/** A new secret for the same session; in a grace, the one successor again (SECURITY T42, T44). */
export function rotateSession<Data>(
  context: StoreContext<Data>,
  token: string,
  options: RotateOptions,
): Promise<Issued<Data> | null> {
  return succeed(context, token, 'rotated', async (found) => {
    const { record, presented } = found
    const now = context.clock.now()
    if (options.grace === false) return successor(context, record, successionAtOnce(record, now))
    if (presented === 'current') {
      const succession = successionWithGrace(record, found.token, bindingOf(context, record), now)
      return successor(context, record, succession)
    }
    const secret = successorOf(record, found.token.secret, bindingOf(context, record))
    return { record, next: null, secret }
  })
}

/**
 * The user has proved again to be there: a new secret at once, `authenticatedAt` set, both deadlines reset
 * (SECURITY T40; NIST SP 800-63B-4 section 5.2).
 * @throws SessionError `USER_MISMATCH` for another user than the session's
 */
export async function reauthenticateSession<Data>(
  context: StoreContext<Data>,
  token: string,
  options: ReauthenticateOptions,
): Promise<Issued<Data> | null> {
  const assurance = assuranceOf(options.assurance)
  return succeed(context, token, 'reauthenticated', async ({ record }) => {
    const now = context.clock.now()
    if (record.userId === null || record.userId !== options.userId) throw new SessionError('USER_MISMATCH')
    const { draft, device } = await context.codec.draft(record.data)
    const data = await context.codec.encode(draft, { device, assurance })
    const { idle, absolute } = context.policy.lifetime
    const absoluteAt = now + absolute
    const times = { authenticatedAt: now, absoluteAt, expiresAt: expiryOf(now, idle, absoluteAt) }
    const { secret, next } = successor(context, record, successionAtOnce(record, now))
    return { record, secret, next: { ...next, ...times, data } }
  })
}

interface Step {
  readonly record: SessionRecord
  /** What to store; null when the successor is already stored. */
  readonly next: SessionRecord | null
  readonly secret: string | null
}

function successor<Data>(
  context: StoreContext<Data>,
  record: SessionRecord,
  { secret, secrets }: ReturnType<typeof successionAtOnce>,
) {
  const seenAt = context.clock.now()
  const expiresAt = expiryOf(seenAt, context.policy.lifetime.idle, record.absoluteAt)
  return { record, secret, next: { ...record, ...secrets, version: record.version + 1, seenAt, expiresAt } }
}

/** Swaps the secret. Who loses the compare-and-swap looks again: its token may now be the winner's alias. */
async function succeed<Data>(
  context: StoreContext<Data>,
  token: string,
  event: 'rotated' | 'reauthenticated',
  step: (found: Found) => Promise<Step>,
): Promise<Issued<Data> | null> {
  let found = await lookUp(context, token)
  for (let attempt = 0; attempt <= CONFLICT_RETRIES && found !== null; attempt += 1) {
    const taken = await step(found)
    const { record, next, secret } = taken
    // Before the swap: a token whose session cannot be shown would be lost.
    const session = await sessionOf(context, next ?? record)
    const replaced = await swap(context, taken)
    if (secret === null || replaced.outcome === 'gone') return null
    if (replaced.outcome === 'conflict') {
      context.counters.add('conflicts')
      found = foundAgain(context, found, replaced.current)
      continue
    }
    if (next !== null) context.events.emit(event, eventOf(context, record))
    return { token: record.id + secret, session }
  }
  if (found === null) return null
  throw new SessionError('CONFLICT', `${CONFLICT_RETRIES} tries lost.`)
}

async function swap<Data>(context: StoreContext<Data>, { record, next }: Step): Promise<Replaced> {
  if (next === null) return { outcome: 'done' }
  return context.engine.replace(next, record.version, context.clock.now())
}

function foundAgain<Data>(context: StoreContext<Data>, found: Found, record: SessionRecord): Found | null {
  const now = context.clock.now()
  const presented = presentedAs(record, digestOf(found.token.secret), now)
  if (!context.records.isLive(record, now)) return null
  return presented === 'current' || presented === 'alias' ? { ...found, record, presented } : null
}

import type { Arena, Corner } from './arena.test-support.ts'
import type { Known, Score } from './arena-session.test-support.ts'
import type { Issued, SessionAddress } from './session.ts'

interface RacingVerb {
  readonly name: string
  readonly weight: number
  readonly run: (arena: Arena, corner: Corner) => Promise<void>
}

const addOne = (draft: Score): void => {
  draft.count = (draft.count ?? 0) + 1
}

/** Any way to name a session. A user's session may be named by its user; every one by trusted code. */
function addressOf(arena: Arena, target: Known): SessionAddress {
  const { id, stale, userId } = target
  const byId = userId === null ? ({ id, operator: true } as const) : { id, userId }
  const token = tokenOf(arena, target)
  return arena.chance.pick([token, token, stale ?? token, byId]) ?? token
}

/** Mostly the newest token, at times one that was replaced. */
function tokenOf(arena: Arena, { tokens, id }: Known): string {
  const token = arena.chance.happens(0.9) ? tokens.at(-1) : arena.chance.pick(tokens)
  return token ?? id
}

async function create(arena: Arena, corner: Corner): Promise<void> {
  const isUser = arena.isCrowded || arena.chance.happens(0.6)
  const userId = arena.user()
  const options = isUser ? { userId } : {}
  const issued = await arena.attempt(corner.store.create({ ...options, data: { count: 0 } }))
  if (issued) arena.issued(issued)
  else arena.unsureUsers.add(userId)
}

async function logIn(arena: Arena, corner: Corner): Promise<void> {
  const old = arena.target()
  if (old === null) return create(arena, corner)
  const lost = () => corner.store.counters().lateCarriesLost
  const before = lost()
  const userId = arena.user()
  const replaces = addressOf(arena, old)
  const issued = await arena.attempt(corner.store.create({ userId, replaces, carry: ['count'] }))
  if (issued === undefined) {
    arena.unsureUsers.add(userId)
    return
  }
  const known = arena.issued(issued)
  known.isCarryUnsure = lost() !== before
  if (issued.session.data.count !== undefined || known.isCarryUnsure) known.carriedFrom = old
}

async function increment(arena: Arena, corner: Corner): Promise<void> {
  const target = arena.target()
  if (target === null) return create(arena, corner)
  const wasDead = target.ends > 0
  target.count.maybe += 1
  const touch = arena.chance.happens(0.5)
  const session = await arena.attempt(corner.store.update(addressOf(arena, target), addOne, { touch }))
  if (session === undefined) return
  target.count.maybe -= 1
  if (session === null) return
  arena.expect(!wasDead, `an update of ${target.id} was acknowledged after its end`)
  target.count.sure += 1
  target.stale = session
}

async function addBonus(arena: Arena, corner: Corner): Promise<void> {
  const userId = arena.user()
  const before = arena.sessionsOf(userId)
  for (const { bonus } of before) bonus.maybe += 1
  const sessions = await arena.attempt(
    corner.store.updateUser(userId, (draft) => {
      draft.bonus = (draft.bonus ?? 0) + 1
    }),
  )
  if (sessions === undefined) return
  for (const { bonus } of before) bonus.maybe -= 1
  for (const { id } of sessions) arena.know(id).bonus.sure += 1
}

async function read(arena: Arena, corner: Corner): Promise<void> {
  const target = arena.target()
  if (target === null) return create(arena, corner)
  const wasDead = target.ends > 0
  const { min } = target.countRange
  const touch = arena.chance.happens(0.8)
  const session = await arena.attempt(corner.store.read(tokenOf(arena, target), { touch }))
  if (!session) return
  arena.expect(!wasDead, `${target.id} was read after its end`)
  const { max } = target.countRange
  const count = session.data.count ?? 0
  arena.expect(count >= min && count <= max, `${target.id} showed ${count}, and not ${min} to ${max}`)
  if (arena.chance.happens(0.5)) target.stale = session
}

async function touch(arena: Arena, corner: Corner): Promise<void> {
  const target = arena.target()
  if (target === null) return create(arena, corner)
  const wasDead = target.ends > 0
  const isLive = await arena.attempt(corner.store.touch(addressOf(arena, target)))
  arena.expect(!(isLive && wasDead), `${target.id} was touched after its end`)
}

async function rotate(arena: Arena, corner: Corner): Promise<void> {
  await issue(arena, (target) => {
    const grace = arena.chance.happens(0.7)
    return corner.store.rotate(tokenOf(arena, target), { grace })
  })
}

async function reauthenticate(arena: Arena, corner: Corner): Promise<void> {
  await issue(arena, async (target) => {
    const { userId } = target
    return userId === null ? null : corner.store.reauthenticate(tokenOf(arena, target), { userId })
  })
}

async function issue(arena: Arena, run: (target: Known) => Promise<Issued<Score> | null>): Promise<void> {
  const target = arena.target()
  if (target === null) return
  const wasDead = target.ends > 0
  const issued = await arena.attempt(run(target))
  if (!issued) return
  arena.expect(!wasDead, `${target.id} was rotated after its end`)
  if (!target.tokens.includes(issued.token)) target.tokens.push(issued.token)
  target.stale = issued.session
}

async function revoke(arena: Arena, corner: Corner): Promise<void> {
  const target = arena.target()
  if (target === null) return
  const wasDead = target.ends > 0
  const didEnd = await arena.attempt(corner.store.revoke(addressOf(arena, target)))
  arena.expect(!(didEnd && wasDead), `${target.id} was ended twice`)
  arena.expect(!didEnd || target.ends === 1, `${target.id} was ended, and nobody was told`)
}

async function revokeUser(arena: Arena, corner: Corner): Promise<void> {
  const userId = arena.user()
  const before = arena.sessionsOf(userId).filter(({ isIssued }) => isIssued)
  const except = arena.chance.happens(0.5) ? arena.chance.pick(before) : undefined
  const options = except === undefined ? {} : { except: except.id }
  const ended = await arena.attempt(corner.store.revokeUser(userId, options))
  if (ended === undefined) return
  for (const id of ended) arena.expect(arena.know(id).ends === 1, `${id} was ended, and nobody was told`)
  for (const session of before) if (session !== except) arena.mustBeDead.add(session)
}

async function sweep(arena: Arena, corner: Corner): Promise<void> {
  await arena.attempt(corner.store.sweep())
}

export const VERBS: readonly RacingVerb[] = [
  { name: 'create', weight: 3, run: create },
  { name: 'log in', weight: 4, run: logIn },
  { name: 'increment', weight: 9, run: increment },
  { name: 'add bonus', weight: 1, run: addBonus },
  { name: 'read', weight: 4, run: read },
  { name: 'touch', weight: 2, run: touch },
  { name: 'rotate', weight: 4, run: rotate },
  { name: 'reauthenticate', weight: 1, run: reauthenticate },
  { name: 'revoke', weight: 2, run: revoke },
  { name: 'revokeUser', weight: 1, run: revokeUser },
  { name: 'sweep', weight: 2, run: sweep },
]

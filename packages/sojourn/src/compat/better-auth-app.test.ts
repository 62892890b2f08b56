import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import {
  App,
  Gate,
  isToken,
  NAIVE,
  ours,
  type StorageUnderTest,
  tokenIn,
} from './better-auth-world.test-support.ts'

const OURS = ENGINES.map(ours)

/** What users of better-auth complain about (CONTRACTS, part 2, rows 6 to 8), and what is wrong afterwards. */
interface Complaint {
  readonly name: string
  readonly wrongWith: (storage: StorageUnderTest) => Promise<string[]>
}

const COMPLAINTS: readonly Complaint[] = [
  {
    name: 'BA1: fifty sign-ins of one user at the same time are all listed',
    async wrongWith({ open }) {
      const app = new App(await open())
      const cookie = await app.signUp()
      const cookies = await Promise.all(Array.from({ length: 50 }, () => app.signIn()))
      const tokens = [cookie, ...cookies].map(tokenIn)
      const listed = new Set(await app.listed(cookie))
      return tokens.filter((token) => !listed.has(token)).map(() => 'one is not listed')
    },
  },
  {
    name: 'BA2: a session that is revoked while it is being refreshed stays ended',
    async wrongWith({ open }) {
      const gate = new Gate(await open())
      const app = new App(gate.storage, { session: { updateAge: 0 } })
      const cookie = await app.signUp()
      const held = gate.hold(isToken)
      const refreshing = app.who(cookie)
      await held.reached
      await app.call('/sign-out', { cookie, body: {} })
      held.release()
      await refreshing
      return (await app.who(cookie)) === null ? [] : ['it is back']
    },
  },
  {
    name: 'BA2: a session that is revoked while its user changes stays ended',
    async wrongWith({ open }) {
      const gate = new Gate(await open())
      const app = new App(gate.storage)
      const [cookie, other] = [await app.signUp(), await app.signIn()]
      const held = gate.hold((key) => key === tokenIn(other))
      const changing = app.call('/update-user', { cookie, body: { name: 'Grace' } })
      await held.reached
      await app.call('/revoke-session', { cookie, body: { token: tokenIn(other) } })
      held.release()
      await changing
      return (await app.who(other)) === null ? [] : ['it is back']
    },
  },
  {
    name: 'BA3: a revocation of all sessions during a sign-in leaves no live token that is not listed',
    async wrongWith({ open }) {
      const gate = new Gate(await open())
      const app = new App(gate.storage)
      const cookie = await app.signUp()
      const held = gate.hold(isToken)
      const signingIn = app.signIn()
      await held.reached
      await app.call('/revoke-sessions', { cookie, body: {} })
      held.release()
      const token = tokenIn(await signingIn)
      const list = (await app.storage.get(`active-sessions-${await userOf(app)}`)) ?? ''
      return (await app.storage.get(token)) === null || list.includes(token) ? [] : ['it is not listed']
    },
  },
  {
    name: 'a change of the user during a refresh is not undone by it',
    async wrongWith({ open }) {
      const gate = new Gate(await open())
      const app = new App(gate.storage, { session: { updateAge: 0 } })
      const [cookie, other] = [await app.signUp(), await app.signIn()]
      const held = gate.hold((key) => key === tokenIn(other))
      const refreshing = app.who(other)
      await held.reached
      await app.call('/update-user?disableRefresh=true', { cookie, body: { name: 'Grace' } })
      held.release()
      await refreshing
      const name = await app.who(other)
      return name === 'Grace' ? [] : [`the user is ${name}`]
    },
  },
]

/** The user of a fresh session. */
async function userOf(app: App): Promise<string> {
  const value: unknown = JSON.parse((await app.storage.get(tokenIn(await app.signIn()))) ?? '{}')
  const session: unknown = Reflect.get(Object(value), 'session')
  return String(Reflect.get(Object(session), 'userId'))
}

describe.each(COMPLAINTS)('with better-auth itself', ({ name, wrongWith }) => {
  test.each(OURS)(`${name}: $name`, async (storage) => {
    expect(await wrongWith(storage)).toEqual([])
  })

  test(`${name}: not so with ${NAIVE.name}`, async () => {
    expect(await wrongWith(NAIVE)).not.toEqual([])
  })
})

describe.each(OURS)('better-auth with $name', ({ open }) => {
  test('signs up, in and out, lists, revokes one, the others and all', async () => {
    const app = new App(await open())
    const [first, second, third] = [await app.signUp(), await app.signIn(), await app.signIn()]
    expect([await app.who(first), await app.who(second)]).toEqual(['Ada', 'Ada'])
    expect((await app.listed(first)).sort()).toEqual([first, second, third].map(tokenIn).sort())
    await app.call('/revoke-session', { cookie: first, body: { token: tokenIn(second) } })
    expect([await app.who(first), await app.who(second), await app.who(third)]).toEqual(['Ada', null, 'Ada'])
    await app.call('/revoke-other-sessions', { cookie: third, body: {} })
    expect(await app.listed(third)).toEqual([tokenIn(third)])
    await app.call('/sign-out', { cookie: third, body: {} })
    expect([await app.who(first), await app.who(third)]).toEqual([null, null])
    const fourth = await app.signIn()
    await app.call('/revoke-sessions', { cookie: fourth, body: {} })
    expect(await app.who(fourth)).toBeNull()
  })

  test('BA4: limits the rate of sign-ins by its counters', async () => {
    const app = new App(await open(), { rateLimit: { enabled: true } })
    await app.signUp()
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.signInAnswer()))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, ...Array(7).fill(429)])
  })

  test('BA5: accepts a link to reset a password once', async () => {
    const links: string[] = []
    const app = new App(await open(), {
      emailAndPassword: { enabled: true, sendResetPassword: async ({ token }) => void links.push(token) },
    })
    await app.signUp()
    await app.call('/request-password-reset', { body: { email: 'ada@example.com', redirectTo: '/' } })
    const [token] = links
    const body = { newPassword: 'another horse battery', token }
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.call('/reset-password', { body })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400])
  })

  test('BA6: works without the two methods that older majors do not know', async () => {
    const { get, set, delete: remove } = await open()
    const old = { get, set, delete: remove }
    // Typed for 1.7; what older majors pass and call is a part of it.
    const app = new App({ ...old, getAndDelete: get, increment: async () => 0 })
    const [first, second] = [await app.signUp(), await app.signIn()]
    await app.call('/revoke-session', { cookie: first, body: { token: tokenIn(second) } })
    expect([await app.who(first), await app.who(second)]).toEqual(['Ada', null])
  })
})

import { expect, test } from 'vitest'
import { authenticate } from './customers.ts'
import { GuessLimit } from './guess-limit.ts'
import { verifyPassword } from './password.ts'

test('everybody of the demonstration can log in', async () => {
  const people = await Promise.all(['ada', 'BEN', ' chloe '].map((name) => authenticate(name, 'lighthouse')))
  expect(people.map((person) => person?.name)).toEqual(['Ada Lindqvist', 'Ben Okafor', 'Chloé Martin'])
})

test.each([
  ['nothing', ''],
  ['another case', 'Lighthouse'],
  ['one more space', 'lighthouse '],
  ['one wrong letter', 'lighthousf'],
  ['too long', `lighthouse${'x'.repeat(300)}`],
])('a password is wrong: %s', async (_, password) => {
  expect(await authenticate('ada', password)).toBeNull()
})

test('a name that nobody has costs the same time as a wrong password', async () => {
  const cost = async (work: () => Promise<unknown>) => {
    const startedAt = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(startedAt)
    return user + system
  }
  const salted = { salt: 'cI09ZyYbjALumrAuY9dquA', hash: 'Fd1kjdBq8ysoYlKW3TaRhqnPOEWlyPNADpR8KYGuTjY' }
  const known = await cost(() => verifyPassword('x', salted))
  const unknown = await cost(() => verifyPassword('x', null))
  expect(unknown / known).toBeGreaterThan(0.5)
  expect(unknown / known).toBeLessThan(2)
})

test('no password belongs to nobody', async () => {
  expect(await verifyPassword('', null)).toBe(false)
})

test('guessing stops after ten wrong passwords, for this name from this address, for five minutes', () => {
  const limit = new GuessLimit()
  for (let at = 0; at < 10; at += 1) {
    expect(limit.isReached('ada', '127.0.0.1', at)).toBe(false)
    limit.noteWrong('Ada ', '127.0.0.1', at)
  }
  expect(limit.isReached('ada', '127.0.0.1', 10)).toBe(true)
  expect(limit.isReached('ada', '127.0.0.2', 10)).toBe(false)
  expect(limit.isReached('ben', '127.0.0.1', 10)).toBe(false)
  expect(limit.isReached('ada', '127.0.0.1', 5 * 60_000)).toBe(false)
})

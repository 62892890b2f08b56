import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BankProcess, startBankProcess, temporaryDirectory } from './bank.test-support.ts'
import { Visitor } from './visitor.test-support.ts'

const { path: data, remove } = temporaryDirectory()
let bank: BankProcess
beforeAll(async () => {
  bank = await startBankProcess(['--data', data])
})
afterAll(async () => {
  await bank.stop('SIGTERM')
  remove()
})

const visitor = () => new Visitor(bank.url)
const customer = async (name: string) => {
  const person = visitor()
  await person.logIn(name)
  return person
}

describe('the session cookie', () => {
  test('T15, T16: is strict, for scripts invisible, and has no end of its own', async () => {
    const response = await visitor().logIn('ada')
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^id=[A-Za-z0-9_-]{48}; Path=\/; HttpOnly; SameSite=Strict$/),
    ])
  })

  test('T56: is not set for somebody who only looks', async () => {
    const response = await visitor().get('/login')
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('T37: changes at log-in, and the one before is dead', async () => {
    const person = visitor()
    await person.post('/preferences', { language: 'de' })
    const before = person.cookie
    await person.logIn('ada')
    expect(person.cookie).not.toBe(before)
    const old = await fetch(`${bank.url}/session`, { headers: { cookie: before } })
    expect(await old.json()).toEqual({ leftMs: 0 })
  })
})

describe('a request that does not come from our pages', () => {
  test('T36: is refused before log-in', async () => {
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const response = await visitor().post('/login', { name: 'ada', password: 'lighthouse' }, headers)
    expect(response.status).toBe(403)
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('T34: is refused without the token of the session, and changes nothing', async () => {
    const ada = await customer('ada')
    const ben = await customer('ben')
    for (const csrf of ['', 'x'.repeat(86), await ben.csrfAt('/accounts')]) {
      const response = await ada.post('/preferences', { theme: 'dark', csrf })
      expect(response.status).toBe(403)
    }
    expect(await ada.text('/settings')).toContain('data-theme="system"')
    expect((await ada.submit('/preferences', { theme: 'dark' })).status).toBe(303)
    expect(await ada.text('/settings')).toContain('data-theme="dark"')
  })

  test('T33: does not log out, or change anything, by a link', async () => {
    const ada = await customer('ada')
    for (const path of [
      '/logout',
      '/preferences?theme=dark',
      '/devices/revoke-others',
      '/open?account=ada-everyday',
    ]) {
      expect((await ada.get(path)).status).toBe(404)
    }
    expect(await ada.text('/accounts')).toContain('What you open shows up here.')
  })
})

describe('every answer', () => {
  const paths = ['/login', '/accounts', '/transfer/to', '/devices', '/settings', '/identity', '/nowhere']

  test.each(paths)('%s has the security headers, and no store may keep it', async (path) => {
    const { headers } = await (await customer('ada')).get(path)
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none';(?!.*unsafe).*frame-ancestors 'none'/,
    )
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('cache-control')).toContain('no-store')
    expect(headers.get('vary')).toContain('Cookie')
    expect(headers.has('x-powered-by')).toBe(false)
  })

  test('to a stranger is the way to the log-in page, whatever was asked for', async () => {
    for (const path of ['/accounts', '/accounts/ada-everyday', '/devices', '/nowhere']) {
      const response = await visitor().get(path)
      expect([response.status, response.headers.get('location')]).toEqual([303, '/login'])
    }
  })
})

describe('what is not yours', () => {
  test('looks like what is not there', async () => {
    const ben = await customer('ben')
    expect((await ben.get('/accounts/ada-everyday')).status).toBe(404)
    expect((await ben.get('/transactions/ada-everyday-1')).status).toBe(404)
    expect((await ben.get('/accounts/none')).status).toBe(404)
    const response = await ben.submit('/open', { account: 'ada-everyday' })
    expect(response.headers.get('location')).toBe('/accounts')
  })

  test('T7: cannot be logged out by its id', async () => {
    const ada = await customer('ada')
    const ben = await customer('ben')
    const adasId = ada.cookie.slice('id='.length, 'id='.length + 16)
    await ben.submit('/devices/revoke', { id: adasId }, '/devices')
    expect((await ada.get('/accounts')).status).toBe(200)
  })
})

describe('a transfer', () => {
  const draft = async (amount: string, note = '') => {
    const chloe = await customer('chloe')
    await chloe.submit('/transfer/to', { payee: 'XH607700000055501984' })
    await chloe.submit('/transfer/amount', { from: 'chloe-everyday', amount, note, go: 'next' })
    return chloe
  }
  const seen = (amount: string) => `chloe-everyday XH607700000055501984 ${amount}`

  test('shows what was written as text, never as markup', async () => {
    const chloe = await draft('1', '<img src=x onerror=alert(1)>')
    const page = await chloe.text('/transfer/review')
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(page).not.toContain('<img')
  })

  test('is sent only as it was seen: not when another tab has changed it since', async () => {
    const chloe = await draft('2')
    const response = await chloe.submit('/transfer/review', { seen: seen('100') })
    expect(response.headers.get('location')).toBe('/transfer')
    expect(await chloe.text('/accounts/chloe-everyday')).not.toContain('Pier 9 Housing')
  })

  test('is sent once, however often its form is sent', async () => {
    const chloe = await draft('3')
    const csrf = await chloe.csrfAt('/transfer/review')
    const form = { csrf, seen: seen('300') }
    await Promise.all([1, 2, 3].map(() => chloe.post('/transfer/review', form)))
    const page = await chloe.text('/accounts/chloe-everyday')
    expect(page.match(/Pier 9 Housing/g)).toHaveLength(1)
  })

  test('T55: of much money needs the password, and gives the session a new token', async () => {
    const chloe = await draft('1000.01')
    const before = chloe.cookie
    const wrong = await chloe.submit(
      '/transfer/review',
      { seen: seen('100001'), password: 'x' },
      '/transfer/review',
    )
    expect(wrong.status).toBe(422)
    expect(chloe.cookie).toBe(before)
    const fields = { seen: seen('100001'), password: 'lighthouse' }
    const right = await chloe.submit('/transfer/review', fields, '/transfer/review')
    expect(right.headers.get('location')).toMatch(/^\/transfer\/done\//)
    expect(chloe.cookie).not.toBe(before)
  })
})

test('a name that is guessed at is asked to wait', async () => {
  const person = visitor()
  const guesses = Array.from({ length: 10 }, () => person.logIn('ada-guessed', 'x'))
  expect((await Promise.all(guesses)).map(({ status }) => status)).toEqual(Array(10).fill(401))
  expect((await person.logIn('ada-guessed', 'x')).status).toBe(429)
  expect((await person.logIn('ada')).status).toBe(303)
})

test('T53: a sixth device ends the oldest session', async () => {
  const devices: Visitor[] = []
  for (let device = 0; device < 6; device += 1) devices.push(await customer('ben'))
  const lives = await Promise.all(
    devices.map(async (device) => (await device.get('/accounts')).status === 200),
  )
  expect(lives).toEqual([false, true, true, true, true, true])
})

import { defineHandler, H3, type H3Event } from 'h3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { behave } from './behaviours.test-support.ts'
import { sessionOf, sojourn } from './h3.ts'
import { PROMISES } from './h3-promises.test-support.ts'
import { H3_NODE, H3_WEB } from './h3-subject.test-support.ts'
import { TWINS } from './h3-twins.test-support.ts'

for (const subject of [H3_NODE, H3_WEB]) behave(subject)

interface Cart {
  cart: string[]
}

async function cartStore() {
  const store = await createSessionStore<Cart>({
    engine: memory(),
    sweep: false,
    initial: () => ({ cart: ['tea'] }),
  })
  onTestFinished(() => store.close())
  return store
}

describe('the middleware for h3', () => {
  for (const { title, runtimes, check } of Object.values(PROMISES)) {
    for (const runtime of runtimes) {
      test(`${title} (on ${runtime})`, () => check({ sojourn, sessionOf }, runtime))
    }
  }

  for (const [name, twin] of Object.entries(TWINS)) {
    test(`the check named ${name} catches a twin that breaks it`, async () => {
      const promised = Object.entries(PROMISES).find(([key]) => key === name)?.[1]
      const [runtime = 'node'] = promised?.runtimes ?? []
      await expect(promised?.check(twin, runtime)).rejects.toMatchObject({ name: 'AssertionError' })
    })
  }

  test('refuses at start-up what is unsafe', async () => {
    const store = await cartStore()
    const made = () => sojourn(store, { origins: [] })
    expect(made).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('hands the options the event of h3', async () => {
    const store = await cartStore()
    const writeOnGet = ({ url }: H3Event) => url.pathname === '/return'
    const app = new H3({ silent: true }).use(sojourn(store, { writeOnGet }))
    app.get('/**', async (event) => {
      await sessionOf(event, store).login('u_1')
      return sessionOf(event, store).userId
    })
    expect(await (await app.request('/return')).text()).toBe('u_1')
    expect((await app.request('/')).status).toBe(500)
  })

  test('a handler that nothing opened a session for hears what is missing', async () => {
    const store = await cartStore()
    const heard: unknown[] = []
    const app = new H3({ silent: true, onError: (error) => void heard.push(error.cause) })
    app.get('/', (event) => sessionOf(event, store).userId)
    expect((await app.request('/')).status).toBe(500)
    expect(heard).toMatchObject([
      { code: 'INVALID_ARGUMENT', message: expect.stringContaining('app.use(sojourn') },
    ])
  })

  test('the data keeps its type up to the handler, and is read-only', async () => {
    const store = await cartStore()
    const middleware = [sojourn(store)]
    const handler = defineHandler<{ body: { item: string } }>((event) => {
      const { data, userId } = sessionOf(event, store)
      const cart: readonly string[] = data.cart
      // @ts-expect-error: no such field.
      const basket: unknown = data.basket
      // @ts-expect-error: data is read-only.
      expect(() => data.cart.push('milk')).toThrow(TypeError)
      // @ts-expect-error: no number.
      const id: number | null = userId
      return [cart, basket, id]
    })
    const app = new H3().get('/', handler, { middleware })
    expect(await (await app.request('/')).json()).toEqual([['tea'], null, null])
  })
})

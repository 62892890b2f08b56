import { H3, useSession } from 'h3'
import { toNodeHandler } from 'h3/node'
import { sessionOf, sojourn } from 'sojourn/h3'
import type { Framework } from '../framework.ts'
import { listen } from '../listen.ts'
import { greetingOf, loggedInBy, NOBODY_KNOWN, nextUser, SECRET } from '../users.ts'

/** Beside h3's own `useSession`: all data is in the cookie, encrypted. */
export const H3_FRAMEWORK: Framework = {
  bare() {
    const app = new H3()
    app.post('/login', () => NOBODY_KNOWN).get('/', () => NOBODY_KNOWN)
    return listen(toNodeHandler(app))
  },
  sojourn(store) {
    const app = new H3()
    app
      .use(sojourn(store))
      .post('/login', async (event) => {
        const { userId, data } = nextUser()
        const session = sessionOf(event, store)
        await session.login(userId, { data })
        return greetingOf(session)
      })
      .get('/', (event) => greetingOf(sessionOf(event, store)))
    return listen(toNodeHandler(app))
  },
  peer() {
    const config = { password: SECRET }
    const app = new H3()
    app
      .post('/login', async (event) => {
        const user = nextUser()
        await (await useSession(event, config)).update(user)
        return greetingOf(user)
      })
      .get('/', async (event) => greetingOf(loggedInBy((await useSession(event, config)).data)))
    return listen(toNodeHandler(app))
  },
}

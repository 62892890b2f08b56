import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type SessionData } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { listen } from '../http/listen.test-support.ts'
import { type NodeOptions, type SessionHandler, withSession } from './node.ts'

async function serve(options: NodeOptions, handler: SessionHandler<SessionData>): Promise<number> {
  const store = await createSessionStore<SessionData>({ engine: memory(), sweep: false })
  onTestFinished(() => store.close())
  return listen(createServer(withSession(store, options, handler)))
}

describe('the listener for node:http', () => {
  test('what the handler throws is told, and answered without detail', async () => {
    const heard: unknown[] = []
    const bug = new Error('mine')
    const port = await serve({ onError: (error) => heard.push(error) }, () => {
      throw bug
    })
    const { status, body } = await send(port, 'GET', '/')
    expect([status, body, heard]).toEqual([500, '', [bug]])
  })

  test('without a listener it becomes a warning of the process', async () => {
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve))
    const port = await serve({}, () => Promise.reject(new Error('mine')))
    expect((await send(port, 'GET', '/')).status).toBe(500)
    expect((await warning).message).toBe('mine')
  })

  test('options are checked when the server is made', async () => {
    await expect(serve({ origins: ['*'] }, () => undefined)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})

import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { allowsCookie } from './credential.ts'
import { NodeIncoming } from './node-request.ts'

function requestTo(host: string | undefined, socket: Socket): NodeIncoming {
  const request = new IncomingMessage(socket)
  if (host !== undefined) request.headers.host = host
  return new NodeIncoming(request)
}

describe('where the cookie may travel', () => {
  test('T16: in development over plain http to loopback only', () => {
    expect(allowsCookie(requestTo('localhost:3000', new Socket()), { development: true })).toBe(true)
    expect(
      allowsCookie(requestTo('localhost:3000', new TLSSocket(new Socket())), { development: true }),
    ).toBe(false)
    expect(allowsCookie(requestTo('bank.example', new Socket()), { development: true })).toBe(false)
    expect(allowsCookie(requestTo(undefined, new Socket()), { development: true })).toBe(false)
  })

  test('T16: in production everywhere, because the browser itself asks for https', () => {
    expect(allowsCookie(requestTo('bank.example', new Socket()), { development: false })).toBe(true)
  })
})

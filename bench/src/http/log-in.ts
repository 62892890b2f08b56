import { ask } from './connection.ts'
import type { Visitor } from './load.ts'

/** Of the length of ours: what a framework without sessions is sent, so that both read the same bytes. */
const STRANGER = `__Host-id=${'x'.repeat(48)}`
const COOKIE = /\r\nset-cookie: *([^;\r]*)/gi

/** Logs so many users in at a server of this benchmark; each is answered what every visit must be answered. */
export async function logIn(port: number, count: number): Promise<Visitor[]> {
  const visitors: Visitor[] = []
  for (let index = 0; index < count; index += 1) {
    const { status, head, body } = await ask(port, loginRequest(port))
    if (status !== 200) throw new Error(`The log-in was answered ${status} ${body.slice(0, 500)}`)
    const cookies = [...head.matchAll(COOKIE)].map(([, cookie]) => cookie)
    visitors.push({ request: visitOf(port, cookies.length === 0 ? STRANGER : cookies.join('; ')), body })
  }
  return visitors
}

/** As a page of the same origin would send it. */
function loginRequest(port: number): string {
  return `POST /login HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n`
}

function visitOf(port: number, cookie: string): Uint8Array {
  const lines = [
    'GET / HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'User-Agent: sojourn-bench',
    'Accept: application/json',
    'Accept-Encoding: gzip',
    `Cookie: ${cookie}`,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createEmptyProject, type EmptyProject } from './empty-project.test-support.ts'
import { ROOT } from './import-graph.test-support.ts'
import { blocksIn } from './readme-blocks.test-support.ts'
import { play } from './readme-player.test-support.ts'

const blocks = blocksIn(readFileSync(join(ROOT, 'docs/sockets.md'), 'utf8'))
const PEERS = ['ws', 'socket.io', 'socket.io-client', '@types/node', '@types/ws']

/** What both visitors do: log in, open a socket, log out. They run in the project, where the libraries are. */
const VISIT = `
import { once } from 'node:events'
const [url] = process.argv.slice(2)
const post = async (path, cookie = '') => {
  const headers = { origin: url, 'sec-fetch-site': 'same-origin', cookie }
  const { headers: sent } = await fetch(url + path, { method: 'POST', headers })
  return sent.getSetCookie()[0]?.split(';')[0]
}
const cookie = await post('/login')
const headers = { origin: url, cookie }
`

const WS = `${VISIT}
import { WebSocket } from 'ws'
const socket = new WebSocket(url.replace('http', 'ws'), { headers })
console.log(String((await once(socket, 'message'))[0]))
socket.send('tea')
console.log(String((await once(socket, 'message'))[0]))
const closed = once(socket, 'close')
await post('/logout', cookie)
console.log((await closed)[0])
`

const SOCKET_IO = `${VISIT}
import { io } from 'socket.io-client'
const client = io(url, { extraHeaders: headers })
const heard = (event) => new Promise((resolve) => client.once(event, resolve))
console.log('welcome', await heard('welcome'))
console.log(String(await client.emitWithAck('add', 'tea')))
const disconnected = heard('disconnect')
await post('/logout', cookie)
console.log(await disconnected)
const refused = heard('connect_error')
client.connect()
console.log((await refused).data.status)
client.close()
`

let project: EmptyProject
beforeAll(async () => {
  project = await createEmptyProject(PEERS)
}, 60_000)
afterAll(() => project.remove())

/** Compiles a block, looks whether it answers what the page says, and starts it once more for sockets; its URL. */
async function start(name: string): Promise<string> {
  const block = blocks.find((each) => each.name === name)
  if (block === undefined) throw new Error(`docs/sockets.md has no block ${name}.`)
  expect(await play(block, project)).toEqual([])
  const env = { ...process.env, PORT: String(await freePort()) }
  const server = spawn(process.execPath, [join('built', `${name}.js`)], { cwd: project.folder, env })
  onTestFinished(async () => {
    if (server.exitCode === null && server.kill()) await once(server, 'exit')
  })
  return printedBy(server)
}

/** The first line that it prints. Rejects when it ends before. */
function printedBy(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    server.stdout?.once('data', (line) => resolve(String(line).trim()))
    server.once('exit', (code) => reject(new Error(`The server ends with ${code}.`)))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('docs/sockets.md', () => {
  test('shows a server for each library', () => {
    expect(blocks.map(({ name }) => name)).toEqual(['ws-app', 'socket-io-app'])
  })

  test.each([
    ['ws-app', WS, 'welcome ada\ntea\n4401\n'],
    ['socket-io-app', SOCKET_IO, 'welcome ada\ntea\nio server disconnect\n401\n'],
  ])('holds a server whose sockets close at log-out: %s', async (name, visitor, output) => {
    const url = await start(name)
    project.write('visitor.js', visitor)
    expect(await project.node('visitor.js', url)).toEqual({ code: 0, output })
  })
})

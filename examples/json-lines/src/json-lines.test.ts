import { appendFile, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { archiveTo, createSessionStore, dataFromJson, type EndedSession } from 'sojourn'
import { lmdb } from 'sojourn/lmdb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { jsonLines } from './json-lines.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sojourn-json-lines-'))
})
afterEach(() => rm(directory, { recursive: true }))

function session(number: number): EndedSession {
  const times = { createdAt: 1, seenAt: 2, authenticatedAt: null, endedAt: 3 }
  return {
    id: String(number).padStart(16, '0'),
    userId: 'ada',
    ...times,
    reason: 'logout',
    data: null,
    json: null,
  }
}

/** What a reader makes of the files: each session once, and nothing that is no line. */
async function read(): Promise<Map<string, { readonly json: string | null; readonly reason: string }>> {
  const found = new Map()
  for (const name of (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).sort()) {
    for (const line of (await readFile(join(directory, name), 'utf8')).split('\n')) {
      const one = parsed(line)
      if (one !== null) found.set(one.id, one)
    }
  }
  return found
}

function parsed(line: string) {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

test('a session that is logged out becomes a line, with its dates and bigints', async () => {
  const sessions = await createSessionStore({
    engine: lmdb({ path: join(directory, 'store') }),
    clock: {
      now: () => Date.now() + ahead,
      monotonic: () => performance.now() + ahead,
      after: () => () => undefined,
    },
    sweep: false,
    atEnd: archiveTo(await jsonLines({ directory }), { select: ({ data }) => data }),
  })
  const data = { since: new Date(5), cents: 12n }
  const { token, session } = await sessions.create({ userId: 'ada', data })
  await sessions.revoke(token)
  ahead = 5_000
  expect(await sessions.sweep()).toBe(1)
  await sessions.close()
  const line = (await read()).get(session.id)
  expect(line).toMatchObject({ reason: 'logout' })
  expect(dataFromJson(line?.json ?? '')).toEqual(data)
})
let ahead = 0

test('a full file is followed by a new one, also after a restart, and nobody else reads them', async () => {
  for (let round = 0; round < 3; round += 1) {
    const write = await jsonLines({ directory, maxBytes: 1_000 })
    for (let batch = 0; batch < 4; batch += 1) {
      await write(Array.from({ length: 5 }, (_, index) => session(round * 100 + batch * 10 + index)))
    }
  }
  const names = await readdir(directory)
  expect(names).toContain('ended-000003.jsonl')
  expect((await read()).size).toBe(60)
  for (const name of names) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600)
})

test('the beginning of a line that a crash left spoils no other', async () => {
  const write = await jsonLines({ directory })
  await write([session(1)])
  await appendFile(join(directory, 'ended-000001.jsonl'), '{"id":"0000')
  await write([session(2)])
  expect([...(await read()).keys()]).toEqual([session(1).id, session(2).id])
})

test('a file that is a link elsewhere is refused, and nothing is written', async () => {
  const elsewhere = join(directory, 'elsewhere')
  await appendFile(elsewhere, '')
  await symlink(elsewhere, join(directory, 'ended-000001.jsonl'))
  const write = await jsonLines({ directory })
  await expect(write([session(1)])).rejects.toMatchObject({ code: 'ELOOP' })
  expect(await readFile(elsewhere, 'utf8')).toBe('')
})

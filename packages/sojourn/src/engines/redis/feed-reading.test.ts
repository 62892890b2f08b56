import { type RedisServer, startProxy, startRedis, until } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FeedWorld, fieldsWith, logOut, OFTEN, plant } from './feed.test-support.ts'
import { type FeedItem, type ReadFeedOptions, readFeed } from './feed-reading.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

const at = (where: { readonly host: string; readonly port: number }) =>
  ({ kind: 'server', at: { host: where.host, port: where.port } }) as const

/** The next items of a reading. */
async function take(items: AsyncIterable<FeedItem>, count: number): Promise<FeedItem[]> {
  const taken: FeedItem[] = []
  for await (const item of items) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}

const idsOf = (items: readonly FeedItem[]) => items.map((item) => ('id' in item ? item.id : item.name))

async function openWorld() {
  const world = new FeedWorld()
  const client = await world.client('ioredis', at(server))
  const store = await world.store(client)
  const reader = await world.client('node-redis', at(server))
  const place = { client: reader, prefix: world.prefix, ...OFTEN }
  return { world, store, place }
}

describe('a service that reads the feed', () => {
  test('hears what happens from the first look on', async () => {
    const { world, store, place } = await openWorld()
    await using _ = world
    await logOut(store)
    const iteration = readFeed(place)[Symbol.asyncIterator]()
    const first = iteration.next()
    const ended: string[] = []
    // Until the first look has passed over what is there, nobody promises anything.
    const isHeard = first.then(() => true)
    while ((await Promise.race([isHeard, logOut(store).then((id) => ended.push(id))])) !== true);
    const { value } = await first
    expect(value !== undefined && 'id' in value && ended.includes(value.id)).toBe(true)
    await iteration.return(undefined)
  })

  test('goes on behind what it has dealt with, and misses nothing', async () => {
    const { world, store, place } = await openWorld()
    await using _ = world
    const ids: string[] = []
    for (let number = 0; number < 5; number += 1) ids.push(await logOut(store))
    await store.close()
    const first = await take(readFeed({ ...place, from: 'oldest' }), 2)
    const from = first.at(-1)?.entryId ?? ''
    const rest = await take(readFeed({ ...place, from }), 3)
    expect([...idsOf(first), ...idsOf(rest)]).toEqual(ids)
  })

  test('is told first when what it has dealt with has been trimmed away', async () => {
    const { world, store, place } = await openWorld()
    await using _ = world
    await logOut(store)
    const [read] = await take(readFeed({ ...place, from: 'oldest' }), 1)
    const last = [await logOut(store), await logOut(store)].at(-1)
    await store.close()
    await server.cli('XTRIM', world.key, 'MAXLEN', 1)
    const items = await take(readFeed({ ...place, from: read?.entryId ?? '' }), 2)
    expect(idsOf(items)).toEqual(['feedGap', last])
    expect(items[0]?.entryId).toBeNull()
  })

  test('passes over what is no event, and counts it', async () => {
    const { world, place } = await openWorld()
    await using _ = world
    await plant(server, world.key, ['x', 'y'], fieldsWith({ v: '9' }), fieldsWith())
    const reading = readFeed({ ...place, from: 'oldest' })
    const [item] = await take(reading, 1)
    expect(item).toMatchObject({ name: 'ended', id: 'AbCdEfGhIjKlMnOp', userId: 'u_1', reason: 'logout' })
    expect(reading.refused).toBe(2)
  })

  test('waits while the server is out of reach, and goes on', async () => {
    const { world, store } = await openWorld()
    await using _ = world
    const proxy = await startProxy({ to: server })
    const client = await world.client('node-redis', at(proxy))
    const reading = readFeed({ client, prefix: world.prefix, from: 'oldest', ...OFTEN })
    const iteration = reading[Symbol.asyncIterator]()
    const ids = [await logOut(store)]
    await iteration.next()
    await proxy.refuse(true)
    proxy.cut()
    const next = iteration.next()
    ids.push(await logOut(store))
    await proxy.refuse(false)
    const { value } = await next
    expect(value).toMatchObject({ id: ids[1] })
    await reading.close()
    await proxy.stop()
  })

  test('hears of a refusal that no waiting can help', async () => {
    const { world, place } = await openWorld()
    await using _ = world
    await server.cli('SET', world.key, 'mine')
    await expect(take(readFeed({ ...place, from: 'oldest' }), 1)).rejects.toMatchObject({
      code: 'ENGINE_REFUSED',
    })
  })

  test('of a URL ends when it is closed, though it waits, and leaves no connection', async () => {
    const connections = async () =>
      String(await server.cli('CLIENT', 'LIST'))
        .trim()
        .split('\n').length
    const before = await connections()
    const reading = readFeed({ url: server.url, prefix: 'tests:nobody' })
    const taken = take(reading, 1)
    await until('a connection', async () => ((await connections()) > before ? true : null), 5_000)
    await reading.close()
    expect(await taken).toEqual([])
    await until('the end of it', async () => ((await connections()) === before ? true : null), 5_000)
  })

  test.each<ReadFeedOptions>([
    { url: 'redis://localhost', from: 'yesterday' },
    { url: 'redis://localhost', from: '1-1-1' },
    { url: 'redis://localhost', from: '' },
    { from: 'now' },
    { url: 'redis://localhost', prefix: '{}' },
    Object.assign({ url: 'redis://localhost' }, { maxEntries: 1_000 }),
  ])('that asks for %j is refused', (options) => {
    expect(() => readFeed(options)).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

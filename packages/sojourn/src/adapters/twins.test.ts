import { describe, expect, test } from 'vitest'
import { BEHAVIOURS } from './behaviours.test-support.ts'
import { HTTP2 } from './behaviours-http2.test-support.ts'
import type { Fault } from './twins.test-support.ts'
import { twin } from './twins.test-support.ts'

const withoutCookie: Fault = {
  head: (response, status) => {
    response.removeHeader('Set-Cookie')
    return status
  },
}
const cookieAlways: Fault = {
  head: (response, status) => {
    response.setHeader('Set-Cookie', '__Host-id=again; Path=/')
    return status
  },
}
const cacheable: Fault = {
  head: (response, status) => {
    response.setHeader('Cache-Control', 'public, max-age=60')
    return status
  },
}
/** A 500 like any other bug, which takes the cookie back. */
const outageIsBug: Fault = {
  head: (response, status) => {
    response.removeHeader('Retry-After')
    return status === 503 ? 500 : status
  },
}
const userForEver: Fault = { session: () => ({ userId: 'u_1' }) }
/** Answers while the store is still at it. */
const unawaited: Fault = {
  handle: async (ask, handle) => {
    const reply = handle()
    reply.catch(() => undefined)
    return ask.path === '/login' ? { redirect: '/me' } : reply
  },
}
/** What a save of the whole blob does: the data that the request read, with its own change. */
const lastWriterWins: Fault = {
  session(session) {
    const read = structuredClone(session.data)
    return {
      update: (recipe: (draft: object) => unknown) =>
        session.update((draft) => {
          Object.assign(draft, structuredClone(read))
          recipe(draft)
        }),
    }
  },
}
const saveAfterEnd: Fault = { session: () => ({ update: async () => true }) }
const looseCart: Fault = { session: () => ({ login: async () => null, update: async () => true }) }
const blindToOrigin: Fault = {
  request: ({ headers }) => {
    headers['sec-fetch-site'] = 'same-origin'
  },
}
const writesAlways: Fault = {
  request: (request) => {
    request.method = 'POST'
    request.headers['sec-fetch-site'] = 'same-origin'
  },
}
/** A save at the end of every request, whether or not it did anything. */
const savesAlways: Fault = {
  handle: async ({ session }, handle) => {
    const reply = await handle()
    await session.update((draft) => Object.assign(draft, { at: 1 }))
    return reply
  },
}
const talkative: Fault = {
  handle: (_ask, handle) => handle().catch((error: unknown) => ({ status: 500, json: String(error) })),
}

/** By the beginning of a behaviour's title, the fault that it must catch. */
const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  'T15: a log-in': [withoutCookie, looseCart],
  'complaint 18': [unawaited],
  'T37: a log-in': [withoutCookie, looseCart],
  'complaint 1:': [lastWriterWins],
  'complaint 4:': [saveAfterEnd],
  'an expired session': [userForEver],
  'what another process revoked': [userForEver],
  'T42:': [withoutCookie],
  'T26:': [cookieAlways],
  'T75:': [outageIsBug, cookieAlways],
  'T16:': [cookieAlways],
  'HO3:': [cookieAlways, savesAlways],
  'complaint 28:': [cookieAlways, savesAlways],
  'T25:': [cacheable],
  'T24:': [cacheable],
  'T21:': [withoutCookie, looseCart],
  'HO4:': [withoutCookie, talkative],
  'T31:': [blindToOrigin],
  'T29:': [blindToOrigin],
  'T33:': [writesAlways],
  'US2:': [userForEver],
  'US3:': [looseCart],
  'over HTTP/2': [withoutCookie, outageIsBug],
}

describe('the table of behaviours', () => {
  for (const { title, check } of [...BEHAVIOURS, ...HTTP2]) {
    const [, faults = []] = Object.entries(FAULTS).find(([start]) => title.startsWith(start)) ?? []
    test(`catches an adapter that breaks this: ${title}`, async () => {
      expect(faults).not.toHaveLength(0)
      for (const fault of faults) {
        await expect(check(twin(fault))).rejects.toMatchObject({ name: 'AssertionError' })
      }
    })
  }
})

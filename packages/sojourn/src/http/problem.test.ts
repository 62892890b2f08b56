import { describe, expect, test } from 'vitest'
import { SessionError } from '../core/index.ts'
import { errorResponse } from './problem.ts'

describe('a failure as a response of the Fetch standard', () => {
  test('it keeps what the one before said to the client, and nothing that described its body', () => {
    const replaced = new Response('x', {
      headers: {
        'Access-Control-Allow-Origin': '*',
        'Cache-Control': 'public',
        'CDN-Cache-Control': 'max-age=600',
        'Surrogate-Control': 'max-age=600',
        'Content-Encoding': 'gzip',
        ETag: '"x"',
      },
    })
    const response = errorResponse(new SessionError('ENGINE_UNAVAILABLE'), replaced)
    expect(response?.status).toBe(503)
    expect(Object.fromEntries(response?.headers ?? [])).toEqual({
      'access-control-allow-origin': '*',
      'cache-control': 'no-store',
      'content-length': expect.stringMatching(/^[1-9]\d+$/),
      'content-type': 'application/problem+json',
      'retry-after': expect.stringMatching(/^[1-5]$/),
    })
  })

  test('what is not ours to answer is null', () => {
    expect(errorResponse(new Error('mine'))).toBeNull()
    expect(errorResponse(new SessionError('INVALID_ARGUMENT'))).toBeNull()
    expect(errorResponse(undefined)).toBeNull()
  })
})

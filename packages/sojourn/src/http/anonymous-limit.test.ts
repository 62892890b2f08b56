import { describe, expect, test } from 'vitest'
import { TestClock } from '../core/test-clock.test-support.ts'
import { AnonymousLimit, type AnonymousOptions } from './anonymous-limit.ts'
import type { HttpEvent } from './http-events.ts'
import { SlidingWindow } from './sliding-window.ts'

const REFUSED = expect.objectContaining({ code: 'ANONYMOUS_LIMIT', status: 429 })

function limitOf(options: AnonymousOptions = {}) {
  const clock = new TestClock()
  const events: HttpEvent[] = []
  const limit = new AnonymousLimit(options, clock, (event) => events.push(event))
  return { clock, events, limit }
}

/** How many of `count` creations pass. */
function passed(limit: AnonymousLimit, count: number, address: (index: number) => string): number {
  let done = 0
  for (let index = 0; index < count; index += 1) {
    try {
      limit.take(address(index))
      done += 1
    } catch {
      // Counted by what is missing.
    }
  }
  return done
}

describe('the limit of anonymous sessions', () => {
  test('T56: an address creates 60 in a minute, and not one more', () => {
    const { limit, clock, events } = limitOf()
    expect(passed(limit, 61, () => '192.0.2.1')).toBe(60)
    expect(() => limit.take('192.0.2.1')).toThrow(REFUSED)
    clock.advance(59_999)
    expect(() => limit.take('192.0.2.1')).toThrow(REFUSED)
    expect(() => limit.take('192.0.2.2')).not.toThrow()
    clock.advance(1)
    expect(passed(limit, 100, () => '192.0.2.1')).toBe(60)
    expect(events[0]).toEqual({ name: 'anonymous_limit', limit: 'address' })
  })

  test('T56: no burst passes where two minutes meet', () => {
    const { limit, clock } = limitOf()
    clock.advance(59_000)
    expect(passed(limit, 100, () => '192.0.2.1')).toBe(60)
    clock.advance(2_000)
    expect(passed(limit, 100, () => '192.0.2.1')).toBe(0)
  })

  test('T56: the addresses of one IPv6 /64 count as one', () => {
    const { limit } = limitOf()
    expect(passed(limit, 1_000, (index) => `2001:db8:0:1::${index.toString(16)}`)).toBe(60)
    expect(passed(limit, 1_000, (index) => `2001:db8:0:2::${index.toString(16)}`)).toBe(60)
  })

  test('T56: all together create 1,000 in a second', () => {
    const { limit, clock, events } = limitOf()
    const address = (index: number) => `10.0.${index >> 8}.${index & 255}`
    expect(passed(limit, 5_000, address)).toBe(1_000)
    expect(events[0]).toEqual({ name: 'anonymous_limit', limit: 'total' })
    clock.advance(1_000)
    expect(passed(limit, 5_000, address)).toBe(1_000)
  })

  test('T56: what is remembered is bounded, however many addresses come', () => {
    const clock = new TestClock()
    const window = new SlidingWindow(60, 60_000)
    let most = 0
    for (let second = 0; second < 300; second += 1) {
      for (let index = 0; index < 100; index += 1) {
        const key = `${second}.${index}`
        if (!window.isFull(key, clock.monotonic())) window.take(key, clock.monotonic())
      }
      most = Math.max(most, window.size)
      clock.advance(1_000)
    }
    expect(most).toBe(6_000)
    window.isFull('', clock.monotonic() + 60_000)
    expect(window.size).toBe(0)
  })

  test.each([
    { perAddressPerMinute: 0 },
    { perAddressPerMinute: 1.5 },
    { totalPerSecond: Number.NaN },
    { totalPerSecond: 10 ** 9 },
  ])('%o is refused', (options) => {
    expect(() => limitOf(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

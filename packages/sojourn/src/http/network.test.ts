import { describe, expect, test } from 'vitest'
import { networkOf } from './network.ts'

const HOUSEHOLD = '2001:db8:0:1::/64'

describe('whom an address is counted for', () => {
  test.each([
    '2001:db8:0:1::1',
    '2001:db8:0:1::2',
    '2001:0DB8:0000:0001:0000:0000:0000:0001',
    '2001:DB8::1:ffff:ffff:ffff:ffff',
    '2001:db8:0:1:0:0:1.2.3.4',
    '2001:db8:0:1::1%eth0',
  ])('every spelling and every host of one /64 is one: %s', (address) => {
    expect(networkOf(address)).toBe(HOUSEHOLD)
  })

  test.each([
    '192.0.2.7',
    '::ffff:192.0.2.7',
    '::FFFF:192.0.2.7',
    '::ffff:c000:207',
    '0:0:0:0:0:ffff:192.0.2.7',
  ])('an IPv4 address is the same in IPv6 clothes: %s', (address) =>
    expect(networkOf(address)).toBe('192.0.2.7'),
  )

  test('another /64 and another IPv4 address are somebody else', () => {
    expect(networkOf('2001:db8:0:2::1')).not.toBe(HOUSEHOLD)
    expect(networkOf('192.0.2.8')).toBe('192.0.2.8')
    expect(networkOf('::1')).toBe('0:0:0:0::/64')
  })

  test.each([
    undefined,
    '',
    'bank.example',
    '192.0.2.256',
    '192.0.2.07',
    '1.2.3',
    '[::1]',
    '::1]/x',
    '/run/app.sock',
    ':',
  ])('what is no address shares one count: %s', (address) => expect(networkOf(address)).toBe('unknown'))
})

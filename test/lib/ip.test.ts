import { expect, test } from 'bun:test'
import { clientIp } from '../../src/http/request-context'
import {
  canonicalIp,
  clientPrefix,
  isInNetworks,
  isLoopbackHost,
  isLoopbackInBrowsers,
  networkPrefix,
  parseCidr,
  sitePrefix,
} from '../../src/lib/ip'

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::FFFF:0102:0304', '1.2.3.4'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['1.2.3.4:5678', '1.2.3.4'],
  [' 1.2.3.4 ', '1.2.3.4'],
])('%s is %s', (text, ip) => expect(canonicalIp(text)).toBe(ip))

test.each([
  '',
  'x',
  '1.2.3',
  '1',
  '0x7f.1',
  '1.2.3.256',
  '256.1.1.1',
  '1.2.3.4.',
  '1.2.3.4.5',
  '01.2.3.4.5',
  'localhost',
  '1.2.3.4, 5.6.7.8',
  '::g',
])('%p is not an address', (text) => expect(canonicalIp(text)).toBeUndefined())

test('limits apply to an IPv4 address or an IPv6 /64', () => {
  expect(clientPrefix('1.2.3.4')).toBe('1.2.3.4/32')
  expect(clientPrefix('2001:db8:1:2:3:4:5:6')).toBe(clientPrefix('2001:db8:1:2:ffff::1'))
  expect(clientPrefix('2001:db8:1:2::1')).not.toBe(clientPrefix('2001:db8:1:3::1'))
  expect(networkPrefix('1.2.3.4')).toBe('1.2.3.0/24')
  expect(networkPrefix('2001:db8:1:2:3::1')).toBe('2001:db8:1:2::/64')
  expect([sitePrefix('1.2.3.4'), sitePrefix('2001:db8:1:2:3::1')]).toEqual(['1.2.3.0/24', '2001:db8:1::/48'])
})

test('networks match addresses of their own family only', () => {
  const networks = ['10.0.0.0/8', 'fd00::/8', '192.0.2.1']
    .map((text) => parseCidr(text))
    .filter((network) => network !== undefined)
  for (const inside of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '192.0.2.1'])
    expect(isInNetworks(inside, networks)).toBe(true)
  for (const outside of ['11.0.0.1', 'fe80::1', '192.0.2.2', 'x']) expect(isInNetworks(outside, networks)).toBe(false)
  for (const wrong of ['10.0.0.0/33', 'x/8', '', '10.0.0/8']) expect(parseCidr(wrong)).toBeUndefined()
})

const proxies = [parseCidr('10.0.0.0/8')].filter((network) => network !== undefined)

test.each([
  // peer, X-Forwarded-For, client
  ['203.0.113.7', '1.2.3.4', '203.0.113.7'],
  ['203.0.113.7', null, '203.0.113.7'],
  ['10.0.0.1', null, '10.0.0.1'],
  ['10.0.0.1', '1.2.3.4', '1.2.3.4'],
  ['10.0.0.1', '6.6.6.6, 1.2.3.4', '1.2.3.4'],
  ['10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2', '1.2.3.4'],
  ['10.0.0.1', '1.2.3.4, garbage', '10.0.0.1'],
  ['10.0.0.1', '', '10.0.0.1'],
  ['10.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.2'],
  ['::ffff:10.0.0.1', '[2001:db8::1]:443', '2001:db8::1'],
  [undefined, '1.2.3.4', '0.0.0.0'],
])('peer %s forwarding %p is client %s', (peer, forwarded, client) =>
  expect(clientIp(peer, forwarded, proxies)).toBe(client),
)

test.each(['localhost', '127.0.0.1', '127.8.9.10', '::1', '[::1]', '::ffff:127.0.0.1'])('%s is loopback', (host) =>
  expect([isLoopbackHost(host), isLoopbackInBrowsers(host)]).toEqual([true, true]),
)

test.each(['app.localhost', 'LOCALHOST'])('%s is loopback for browsers only', (host) =>
  expect([isLoopbackHost(host), isLoopbackInBrowsers(host)]).toEqual([false, true]),
)

test.each(['', 'localhost.example.com', 'notlocalhost', '127.0.0.1.example.com', '128.0.0.1', '0.0.0.0', '10.0.0.1'])(
  '%p is not loopback',
  (host) => expect([isLoopbackHost(host), isLoopbackInBrowsers(host)]).toEqual([false, false]),
)

import { describe, expect, test } from 'vitest'
import { problemsOf, settingsOf } from './environments.ts'

describe('TRUSTED_PROXIES', () => {
  test('takes addresses, CIDRs and names', () => {
    const entries = ['10.1.2.3', '172.18.0.0/16', '2001:db8::/32', 'traefik', 'proxy.example.com']
    expect(settingsOf({ TRUSTED_PROXIES: entries.join(', ') }).trustedProxies).toEqual(entries)
  })

  test('private_ranges stands for all private networks', () => {
    expect(settingsOf({ TRUSTED_PROXIES: 'private_ranges,10.0.0.0/8' }).trustedProxies).toEqual([
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '127.0.0.0/8',
      '169.254.0.0/16',
      '::1',
      'fc00::/7',
      'fe80::/10',
    ])
  })

  test.each([
    '0.0.0.0/0',
    '1.2.3.4/0',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '10.0.0.0/7',
    '::/0',
    '::/1',
    '2000::/3',
    '::/8',
    '::ffff:0:0/96',
    '::ffff:0.0.0.0/97',
    '0:0:0:0:0:ffff:8000:0/100',
    '*',
    'ALL',
  ])('P-02 %s trusts nearly everybody and is refused', (entry) => {
    expect(problemsOf({ TRUSTED_PROXIES: `traefik,${entry}` })).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES: ".*" trusts nearly everybody/),
    ])
  })

  test('an IPv4 network written as IPv6 passes where it would as IPv4', () => {
    expect(problemsOf({ TRUSTED_PROXIES: '::ffff:10.0.0.0/104,2001:db8::/48' })).toEqual([])
  })

  test.each([
    ['10.0.0.300', 'is no address, CIDR or host name'],
    ['10.0.0', 'is no address, CIDR or host name'],
    ['10.0.0.0/33', 'is no CIDR'],
    ['10.0.0/8', 'is no CIDR'],
    ['::1/129', 'is no CIDR'],
    ['10.0.0.0/', 'is no CIDR'],
    ['10.0.0.0/8/8', 'is no CIDR'],
    ['traefik/8', 'is no CIDR'],
    ['traefik:80', 'is no address, CIDR or host name'],
    ['tra efik', 'is no address, CIDR or host name'],
    ['-traefik', 'is no address, CIDR or host name'],
  ])('%s is named as what it is not', (entry, message) => {
    const lines = problemsOf({ TRUSTED_PROXIES: `10.0.0.1,${entry}` })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`TRUSTED_PROXIES: "${entry}" ${message}`)
  })

  test('every bad entry is named', () => {
    expect(problemsOf({ TRUSTED_PROXIES: '0.0.0.0/0,10.0.0.300' })).toHaveLength(2)
  })
})

describe('the listeners', () => {
  test.each(['0.0.0.0', '127.0.0.1', '::', 'localhost'])('HOST=%s is listened on', (host) => {
    expect(settingsOf({ HOST: host }).listen.host).toBe(host)
  })

  test.each(['http://localhost', '127.0.0.256', 'a b'])('HOST=%s is refused', (host) => {
    expect(problemsOf({ HOST: host })).toEqual([
      expect.stringMatching(/^HOST: .* is no address to listen on; for example HOST=0\.0\.0\.0$/),
    ])
  })

  test('G-07 the listeners have different ports', () => {
    expect(problemsOf({ PORT: '9090' })).toEqual([
      "OPS_PORT: 9090 is PORT too; the operators' listener has a port of its own; for example OPS_PORT=9091",
    ])
    expect(problemsOf({ PORT: '0', OPS_PORT: '0' })).toEqual([])
  })
})

test('PROXY takes several', () => {
  expect(settingsOf({ PROXY: 'caddy, kong,caddy' }).proxies).toEqual(['caddy', 'kong'])
})

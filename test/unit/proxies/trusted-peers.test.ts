import { describe, expect, test } from 'vitest'
import { plainAddress, TrustedPeers } from '../../../src/proxies/trusted-peers.ts'
import { TestClock } from '../../support/test-clock.ts'

const nowhere = () => Promise.reject(new Error('no such name'))

describe('addresses and networks', () => {
  const peers = new TrustedPeers(
    ['192.0.2.1', '10.0.0.0/8', '2001:db8::/32', '::1'],
    nowhere,
    new TestClock(),
  )
  test.each(['192.0.2.1', '10.255.0.1', '2001:db8:1::1', '::1'])('%s is trusted', (address) => {
    expect(peers.trusts(address)).toBe(true)
  })

  test.each([
    '192.0.2.2',
    '11.0.0.1',
    '2001:db9::1',
    '::2',
    '',
    'localhost',
    '10.0.0',
    '10.0.0.1 ',
  ])('P-02 %j is not', (address) => expect(peers.trusts(address)).toBe(false))

  test('P-02 an empty list trusts nobody', () => {
    const none = new TrustedPeers([], nowhere, new TestClock())
    for (const address of ['127.0.0.1', '::1', '', '0.0.0.0']) {
      expect(none.trusts(address)).toBe(false)
    }
  })
})

describe('host names', () => {
  /** A proxy by the name of `traefik`, and a record of how often it was looked up. */
  function traefikAt(...addresses: string[]) {
    const clock = new TestClock()
    const dns = { addresses, asked: 0 }
    const lookUp = async () => {
      dns.asked += 1
      if (dns.addresses.length === 0) throw new Error('no such name')
      return dns.addresses
    }
    return { clock, dns, peers: new TrustedPeers(['traefik', '192.0.2.1'], lookUp, clock) }
  }

  test('are resolved at the start', async () => {
    const { peers } = traefikAt('172.20.0.2', 'fd00::2')
    expect(peers.knows('172.20.0.2')).toBe(false)
    await peers.resolve()
    expect([peers.trusts('172.20.0.2'), peers.trusts('fd00::2')]).toEqual([true, true])
    expect(peers.trusts('172.20.0.3')).toBe(false)
  })

  test('are resolved again when an unknown peer asks, at most every five seconds', async () => {
    const { peers, dns, clock } = traefikAt('172.20.0.2')
    await peers.resolve()
    dns.addresses = ['172.20.0.3']
    expect(peers.trusts('172.20.0.3')).toBe(false)
    clock.advance(5_000)
    const [first, second] = [peers.trusts('172.20.0.3'), peers.trusts('172.20.0.4')]
    expect(await first).toBe(true)
    expect(await second).toBe(false)
    expect(dns.asked).toBe(2)
    expect(peers.trusts('172.20.0.2')).toBe(false)
  })

  test('that cannot be resolved admit nobody, and addresses stay trusted', async () => {
    const { peers, dns, clock } = traefikAt()
    await peers.resolve()
    expect(peers.trusts('172.20.0.2')).toBe(false)
    expect(peers.trusts('192.0.2.1')).toBe(true)
    dns.addresses = ['172.20.0.2']
    clock.advance(5_000)
    expect(await peers.trusts('172.20.0.2')).toBe(true)
  })

  test('that cannot be resolved for a moment keep the addresses they had', async () => {
    const { peers, dns, clock } = traefikAt('172.20.0.2')
    await peers.resolve()
    dns.addresses = []
    clock.advance(5_000)
    expect(await peers.trusts('172.20.0.9')).toBe(false)
    expect(peers.trusts('172.20.0.2')).toBe(true)
  })

  test('P-02 are not asked for what is no address', async () => {
    const { peers, dns } = traefikAt('172.20.0.2')
    expect(peers.trusts('')).toBe(false)
    expect(peers.trusts('traefik')).toBe(false)
    expect(dns.asked).toBe(0)
  })
})

test.each([
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '::ffff:c000:201'],
  ['::1', '::1'],
  [undefined, ''],
])('the plain form of %j is %j', (address, plain) => expect(plainAddress(address)).toBe(plain))

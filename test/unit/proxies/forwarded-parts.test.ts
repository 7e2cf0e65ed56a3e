import { describe, expect, test } from 'vitest'
import {
  clientAddress,
  parseHost,
  parseMethod,
  parseProto,
  parseUri,
} from '../../../src/proxies/forwarded-parts.ts'

test.each([
  ['GET', 'GET'],
  ['M-SEARCH', 'M-SEARCH'],
  ['get', undefined],
  ['GOT', undefined],
  ['', undefined],
])('P-19 the method %j is %j', (value, method) => expect(parseMethod(value)).toBe(method))

test.each([
  ['http', 'http'],
  ['https', 'https'],
  ['ws', 'ws'],
  ['wss', 'wss'],
  ['HTTPS', undefined],
  ['', undefined],
])('P-24 the scheme %j is %j', (value, proto) => expect(parseProto(value)).toBe(proto))

describe('P-17 the host', () => {
  test.each([
    ['App.Example.COM', 'app.example.com'],
    ['app.example.com.', 'app.example.com'],
    ['app.example.com:443', 'app.example.com'],
    ['app.example.com.:443', 'app.example.com'],
    ['app.example.com:80', 'app.example.com:80'],
    ['app.example.com:8443', 'app.example.com:8443'],
    ['my_app', 'my_app'],
    ['xn--e1afmkfd.example', 'xn--e1afmkfd.example'],
    ['127.0.0.1:8080', '127.0.0.1:8080'],
    ['[::1]', '[::1]'],
    ['[2001:DB8::1]:8443', '[2001:db8::1]:8443'],
  ])('P-17 %j is %j', (value, host) => expect(parseHost(value, 'https')).toBe(host))

  test('P-17 the default port is the scheme’s', () => {
    expect(parseHost('a:80', 'http')).toBe('a')
    expect(parseHost('a:443', 'http')).toBe('a:443')
  })

  test.each([
    ...['', '.', 'a..b', '.a', 'a.:', 'a:', 'a:b', 'a:65536', 'a:999999', 'a b', 'a,b', 'a/b'],
    ...['a@b', 'a%62', 'ä', 'a\\b', 'a?b', 'a#b', '[::1', '::1', '[::1]a', '[:::]', '[0:0::1]'],
    ...['127.1', '1.2.3.999', '0x7f.1', '[::ffff:1.2.3.4]', 'a'.repeat(256)],
  ])('P-17 %j is none', (value) => expect(parseHost(value, 'https')).toBeUndefined())
})

describe('path and query', () => {
  test.each([
    ['/', '/', ''],
    ['/a?b?c', '/a', '?b?c'],
    ['/a?', '/a', '?'],
    ['//a', '//a', ''],
    ['/a%2f..;b=c', '/a%2f..;b=c', ''],
    ['/a!"$&\'()*+,:<=>@[]^_`{|}~', '/a!"$&\'()*+,:<=>@[]^_`{|}~', ''],
    ['/?%zz\\', '/', '?%zz\\'],
  ])('P-07 %j is %j and %j', (value, path, query) => {
    expect(parseUri(value)).toEqual({ path, query })
  })

  test.each([
    ...['', '*', 'a', '?', '/#', '/?#', '/%', '/%0', '/%0g', '/%00', '/\\', '/ ', '/\t', '/\x7f'],
    ...['/é', '/?é', 'http://a/', '//\n'],
  ])('P-21 %j is none', (value) => expect(parseUri(value)).toBeUndefined())
})

describe('the address of the client', () => {
  const trusted = (address: string) => address.startsWith('10.')
  test.each([
    [undefined, 'peer'],
    ['198.51.100.7', '198.51.100.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['203.0.113.1, 198.51.100.7, 10.0.0.1', '198.51.100.7'],
    ['10.0.0.2, 10.0.0.1', '10.0.0.2'],
    ['203.0.113.1 ,198.51.100.7', '198.51.100.7'],
    ['nonsense, 198.51.100.7', '198.51.100.7'],
    ['198.51.100.7, nonsense', 'peer'],
    ['198.51.100.7, 10.0.0.1, ', 'peer'],
    ['', 'peer'],
    ['198.51.100.7:1234', 'peer'],
  ])('of %j is %j', (forwardedFor, address) => {
    expect(clientAddress(forwardedFor, 'peer', trusted)).toBe(address)
  })
})

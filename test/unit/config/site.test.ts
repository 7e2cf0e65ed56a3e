import { describe, expect, test } from 'vitest'
import { problemsOf, settingsOf } from './environments.ts'

const site = (changes: Record<string, string>) => settingsOf(changes).sites[0]

describe('PUBLIC_URL', () => {
  test.each([
    ['https://auth.example.com/', 'https://auth.example.com', 'auth.example.com', ''],
    ['https://AUTH.example.com:443', 'https://auth.example.com', 'auth.example.com', ''],
    [
      'https://auth.example.com:8443/a/b/',
      'https://auth.example.com:8443',
      'auth.example.com:8443',
      '/a/b',
    ],
    ['http://localhost:8080', 'http://localhost:8080', 'localhost:8080', ''],
    ['http://[::1]:8080', 'http://[::1]:8080', '[::1]:8080', ''],
    ['https://bücher.example', 'https://xn--bcher-kva.example', 'xn--bcher-kva.example', ''],
  ])('%s is read', (url, origin, host, basePath) => {
    expect(site({ PUBLIC_URL: url })).toMatchObject({ origin, host, basePath })
  })

  test.each([
    ['auth.example.com', 'is not an http or https URL'],
    ['https:auth.example.com', 'is not an http or https URL'],
    ['https:///auth.example.com', 'is not an http or https URL'],
    ['https:\\\\auth.example.com', 'is not an http or https URL'],
    ['ftp://auth.example.com', 'is not an http or https URL'],
    ['https://auth.example.com?a=b', 'without credentials, query and fragment'],
    ['https://auth.example.com/#a', 'without credentials, query and fragment'],
    ['https://me:hunter2@auth.example.com', 'without credentials, query and fragment'],
    ['https://auth..example.com', 'is not an http or https URL'],
    ['https://auth.example.com.', 'is not an http or https URL'],
    ['https://auth.example.com/a//b', 'the path "/a//b" has more than'],
    ['https://auth.example.com/%61', 'the path "/%61" has more than'],
    ['http://auth.example.com', 'must be https'],
    ['http://192.168.0.1:8080', 'must be https'],
    ['https://auth.example.com,https://auth.other.org', 'several sites are not in this version'],
  ])('%s is refused', (url, message) => {
    const lines = problemsOf({ PUBLIC_URL: url })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^PUBLIC_URL: .*; for example PUBLIC_URL=https:\/\/auth.example.com$/)
    expect(lines[0]).toContain(message)
    expect(lines[0]).not.toContain('hunter2')
  })
})

describe('COOKIE_DOMAIN', () => {
  test.each(['example.com', '.example.com', 'EXAMPLE.com'])('%s is the domain', (domain) => {
    expect(site({ COOKIE_DOMAIN: domain })).toMatchObject({
      cookieDomain: 'example.com',
      cookieName: 'gatehouse',
      instance: 'https://auth.example.com example.com',
    })
  })

  test('gatehouse.localhost is accepted for the local stack', () => {
    const local = {
      PUBLIC_URL: 'http://auth.gatehouse.localhost:8000',
      COOKIE_DOMAIN: 'gatehouse.localhost',
    }
    expect(site(local)).toMatchObject({ cookieDomain: 'gatehouse.localhost', secure: false })
  })

  test.each([
    ['C-07 single label', 'localhost', 'localhost is a single label'],
    ['C-07 top-level domain', 'com', 'com is a single label'],
    ['C-07 public suffix', 'co.uk', 'co.uk is a public suffix'],
    ['C-07 public suffix of a private owner', 'github.io', 'github.io is a public suffix'],
    ['C-07 public suffix by wildcard', 'anything.ck', 'anything.ck is a public suffix'],
    ['address', '192.168.0.1', '192.168.0.1 is an address'],
    ['address in another spelling', '0x7f.1', '127.0.0.1 is an address'],
    ['IPv6 address', '[::1]', '[::1] is an address'],
    ['port', 'example.com:443', 'is not a domain name'],
    ['URL', 'https://example.com', 'is not a domain name'],
    ['wildcard', '*.example.com', 'does not hold the host of PUBLIC_URL'],
    ['several', 'example.com,other.org', 'several sites are not in this version'],
  ])('%s is refused: %s', (_, domain, message) => {
    const lines = problemsOf({ COOKIE_DOMAIN: domain })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^COOKIE_DOMAIN: /)
    expect(lines[0]).toContain(message)
  })

  test.each(['xample.com', 'other.org', 'h.example.com', 'auth.example.com.evil.org'])(
    'C-07 PUBLIC_URL outside %s is refused, naming both',
    (domain) => {
      const [line, ...more] = problemsOf({ COOKIE_DOMAIN: domain })
      expect(more).toEqual([])
      expect(line).toContain(
        `COOKIE_DOMAIN: ${domain} does not hold the host of PUBLIC_URL, auth.example.com`,
      )
      expect(line).toContain(`set PUBLIC_URL=https://auth.${domain}`)
    },
  )
})

describe('COOKIE_SAMESITE', () => {
  test('strict is refused, saying why', () => {
    expect(problemsOf({ COOKIE_SAMESITE: 'strict' })).toEqual([
      'COOKIE_SAMESITE: strict would keep the cookie back when the browser returns from the provider, so nobody could sign in',
    ])
  })

  test('none needs https', () => {
    expect(site({ COOKIE_SAMESITE: 'none' }).cookieSameSite).toBe('none')
    const changes = { COOKIE_SAMESITE: 'none', PUBLIC_URL: 'http://localhost:8080' }
    expect(problemsOf(changes)).toEqual([
      expect.stringMatching(/^COOKIE_SAMESITE: none needs an https PUBLIC_URL/),
    ])
  })
})

describe('SESSION_COOKIE_NAME', () => {
  test.each([
    [{}, '__Host-gatehouse'],
    [{ COOKIE_DOMAIN: 'example.com' }, 'gatehouse'],
    [{ PUBLIC_URL: 'http://localhost:8080' }, 'gatehouse'],
    [{ SESSION_COOKIE_NAME: 'kairos_session' }, 'kairos_session'],
    [{ SESSION_COOKIE_NAME: '__Secure-s', COOKIE_DOMAIN: 'example.com' }, '__Secure-s'],
    [{ SESSION_COOKIE_NAME: '__Host-s' }, '__Host-s'],
  ])('%o gives %s', (changes, name) => {
    expect(site(changes).cookieName).toBe(name)
  })

  test.each([
    [{ SESSION_COOKIE_NAME: 'a b' }, 'is not a cookie name'],
    [{ SESSION_COOKIE_NAME: 'a;b' }, 'is not a cookie name'],
    [{ SESSION_COOKIE_NAME: 'a=b' }, 'is not a cookie name'],
    [{ SESSION_COOKIE_NAME: 'š' }, 'is not a cookie name'],
    [{ SESSION_COOKIE_NAME: 'a'.repeat(65) }, 'is not a cookie name'],
    [{ SESSION_COOKIE_NAME: '__Host-s', COOKIE_DOMAIN: 'example.com' }, 'no COOKIE_DOMAIN'],
    [{ SESSION_COOKIE_NAME: '__Host-s', PUBLIC_URL: 'http://localhost:8080' }, 'needs an https'],
    [{ SESSION_COOKIE_NAME: '__Secure-s', PUBLIC_URL: 'http://localhost:8080' }, 'needs an https'],
    [{ SESSION_COOKIE_NAME: '__host-s' }, 'looks like a cookie prefix'],
    [{ SESSION_COOKIE_NAME: '__SECURE-s' }, 'looks like a cookie prefix'],
  ])('C-06 C-08 %o is refused', (changes, message) => {
    const lines = problemsOf(changes)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^SESSION_COOKIE_NAME: /)
    expect(lines[0]).toContain(message)
  })
})

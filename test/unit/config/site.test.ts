import { describe, expect, test } from 'vitest'
import { siteMatcher } from '../../../src/config/site-matcher.ts'
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

describe('several root domains', () => {
  const sites = (PUBLIC_URL: string, COOKIE_DOMAIN = '') =>
    settingsOf({ PUBLIC_URL, COOKIE_DOMAIN }).sites

  test('each address has the domain that holds it, the longest where several do', () => {
    const [first, second, third] = sites(
      'https://auth.example.com,https://auth.eu.example.com,https://login.other.org',
      'eu.example.com,example.com',
    )
    expect(first).toMatchObject({ host: 'auth.example.com', cookieDomain: 'example.com' })
    expect(second).toMatchObject({ host: 'auth.eu.example.com', cookieDomain: 'eu.example.com' })
    expect(third).toMatchObject({ host: 'login.other.org', cookieName: '__Host-gatehouse' })
    expect(third).not.toHaveProperty('cookieDomain')
  })

  test.each([
    [
      { PUBLIC_URL: 'https://auth.example.com', COOKIE_DOMAIN: 'example.com,other.org' },
      'COOKIE_DOMAIN: other.org does not hold the host of PUBLIC_URL, auth.example.com',
    ],
    [
      { PUBLIC_URL: 'https://a.example.com,https://b.example.com', COOKIE_DOMAIN: 'example.com' },
      'COOKIE_DOMAIN: example.com holds a.example.com and b.example.com, both in PUBLIC_URL',
    ],
    [
      { PUBLIC_URL: 'https://auth.example.com/a,https://auth.other.org/b' },
      'PUBLIC_URL: https://auth.example.com/a and https://auth.other.org/b differ in scheme or path',
    ],
    [
      { PUBLIC_URL: 'https://auth.localhost,http://auth.localhost:8080' },
      'PUBLIC_URL: https://auth.localhost/ and http://auth.localhost:8080/ differ in scheme or path',
    ],
    [
      { PUBLIC_URL: 'https://auth.example.com,https://AUTH.example.com/' },
      'PUBLIC_URL: names the same host twice',
    ],
  ])('%o is refused', (changes, message) => {
    const lines = problemsOf(changes)
    expect(lines).toHaveLength(1)
    expect(lines[0]?.startsWith(message)).toBe(true)
  })

  test('an app that no cookie reaches is named with all of them', () => {
    const lines = problemsOf({
      PUBLIC_URL: 'https://auth.example.com,https://auth.other.org',
      COOKIE_DOMAIN: 'example.com,other.org',
      APP_HOSTS: 'app.example.com,app.other.org,app.third.net',
    })
    expect(lines).toEqual([
      expect.stringMatching(/^APP_HOSTS: "app.third.net" .* example.com, other.org; serve both/),
    ])
  })

  test('a host belongs to the site of its domain, the longest where several hold it', () => {
    const siteOf = siteMatcher(
      sites(
        'https://auth.example.com,https://auth.eu.example.com,https://login.other.org',
        'example.com,eu.example.com',
      ),
    )
    const hosts = {
      'auth.example.com': 'auth.example.com',
      'app.example.com': 'auth.example.com',
      'app.example.com:8443': 'auth.example.com',
      'eu.example.com': 'auth.eu.example.com',
      'app.eu.example.com': 'auth.eu.example.com',
      'login.other.org': 'login.other.org',
      'login.other.org:8443': 'login.other.org',
      'app.other.org': undefined,
      'evilexample.com': undefined,
    }
    for (const [host, site] of Object.entries(hosts)) expect(siteOf(host)?.host).toBe(site)
  })
})

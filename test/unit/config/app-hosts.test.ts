import { describe, expect, test } from 'vitest'
import { problemsOf, settingsOf } from './environments.ts'

describe('APP_HOSTS', () => {
  test('is every host of the cookie domain by default', () => {
    expect(settingsOf({ COOKIE_DOMAIN: 'example.com' }).apps[0].hosts).toEqual([
      { name: 'example.com', wildcard: false },
      { name: 'example.com', wildcard: true },
    ])
  })

  test('takes names, wildcards and ports', () => {
    const changes = {
      COOKIE_DOMAIN: 'example.com',
      APP_HOSTS: 'App.example.com, *.apps.example.com:8443,auth.example.com:443',
    }
    expect(settingsOf(changes).apps[0].hosts).toEqual([
      { name: 'app.example.com', wildcard: false },
      { name: 'apps.example.com', wildcard: true, port: '8443' },
      { name: 'auth.example.com', wildcard: false },
    ])
  })

  test.each([
    '*',
    '*.',
    'app.*.example.com',
    'https://app.example.com',
    'app.example.com/path',
    'app.example.com:0',
    'app.example.com:99999',
    'app.example.com.',
    'a@app.example.com',
  ])('%s is no host', (entry) => {
    const lines = problemsOf({ COOKIE_DOMAIN: 'example.com', APP_HOSTS: entry })
    expect(lines).toEqual([expect.stringMatching(/^APP_HOSTS: ".*" is not a host name/)])
  })
})

describe('C-07 the session cookie reaches every app, or the start is refused naming both', () => {
  test.each([
    [{ APP_HOSTS: 'auth.example.com' }],
    [{ APP_HOSTS: 'auth.example.com:8443' }],
    [{ APP_HOSTS: 'example.com', COOKIE_DOMAIN: 'example.com' }],
    [{ APP_HOSTS: '*.example.com', COOKIE_DOMAIN: 'example.com' }],
    [{ APP_HOSTS: 'a.b.example.com', COOKIE_DOMAIN: 'example.com' }],
    [{ APP_HOSTS: '127.0.0.1:9000', PUBLIC_URL: 'http://127.0.0.1:8080' }],
  ])('%o is reached', (changes) => {
    expect(problemsOf(changes)).toEqual([])
  })

  test.each([
    [
      'app.example.com',
      '',
      "PUBLIC_URL's host auth.example.com alone",
      'set COOKIE_DOMAIN=example.com',
    ],
    [
      '*.example.com',
      '',
      "PUBLIC_URL's host auth.example.com alone",
      'set COOKIE_DOMAIN=example.com',
    ],
    ['*.auth.example.com', '', 'alone', 'set COOKIE_DOMAIN=auth.example.com'],
    ['app.other.org', '', 'alone', 'serve both under one domain'],
    ['app.other.com', '', 'alone', 'serve both under one domain'],
    ['evilexample.com', 'example.com', 'COOKIE_DOMAIN example.com', 'serve both under one domain'],
    ['example.com.evil.org', 'example.com', 'COOKIE_DOMAIN example.com', 'serve both'],
    ['*.com', 'example.com', 'COOKIE_DOMAIN example.com', 'serve both under one domain'],
    [
      'app.example.com',
      'auth.example.com',
      'COOKIE_DOMAIN auth.example.com',
      'set COOKIE_DOMAIN=example.com',
    ],
  ])('%s with COOKIE_DOMAIN=%s is not', (host, domain, scope, advice) => {
    const lines = problemsOf({ APP_HOSTS: host, COOKIE_DOMAIN: domain })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`APP_HOSTS: "${host}" would never receive the session cookie`)
    expect(lines[0]).toContain(scope)
    expect(lines[0]).toContain(advice)
  })

  test('every app out of reach is named', () => {
    const lines = problemsOf({ APP_HOSTS: 'a.other.org,auth.example.com,b.other.org' })
    expect(lines).toEqual([
      expect.stringContaining('"a.other.org"'),
      expect.stringContaining('"b.other.org"'),
    ])
  })
})

describe('AUTH_PATH', () => {
  test.each([
    ['/auth/', '/auth'],
    ['/oauth2/gate', '/oauth2/gate'],
  ])('%s is %s, and moves the page after sign-out', (path, authPath) => {
    expect(settingsOf({ AUTH_PATH: path })).toMatchObject({
      authPath,
      postLogoutUrl: `${authPath}/logged-out`,
    })
  })

  test.each([
    ['auth', 'is not a plain path'],
    ['/', 'is not a plain path'],
    ['//auth', 'is not a plain path'],
    ['/a/../b', 'is not a plain path'],
    ['/auth?x', 'is not a plain path'],
    ['/%61uth', 'is not a plain path'],
    ['/auth/{id}', 'is not a plain path'],
    ['/validate', 'is a route of the gateway'],
    ['/validate/x', 'is a route of the gateway'],
    ['/session', 'is a route of the gateway'],
    ['/.well-known/x', 'is a route of the gateway'],
  ])('%s is refused', (path, message) => {
    const lines = problemsOf({ AUTH_PATH: path })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^AUTH_PATH: .*; for example AUTH_PATH=\/auth$/)
    expect(lines[0]).toContain(message)
  })
})

describe.each(['POST_LOGIN_URL', 'POST_LOGOUT_URL'])('%s', (name) => {
  const hosts = {
    COOKIE_DOMAIN: 'example.com',
    APP_HOSTS: 'app.example.com,*.apps.example.com:8443',
  }

  test.each([
    '/',
    '/ui/?tab=1#top',
    '/auth/',
    'https://app.example.com/ui/',
    'https://a.apps.example.com:8443/',
    'https://auth.example.com/x',
  ])('%s is a landing', (url) => {
    expect(problemsOf({ ...hosts, [name]: url })).toEqual([])
  })

  test.each([
    ['L-01 two slashes', '//evil.org', 'is neither a path'],
    ['L-01 slash and backslash', '/\\evil.org', 'is neither a path'],
    ['L-01 backslash later', '/a\\b', 'is neither a path'],
    ['L-01 space', '/a b', 'is neither a path'],
    ['L-01 control character', '/a\u0000b', 'is neither a path'],
    ['relative path', 'ui/', 'is neither a path'],
    ['other scheme', 'javascript:alert(1)', 'is neither a path'],
    ['L-02 slashes missing', 'https:app.example.com', 'is neither a path'],
    ['L-02 slash too many', 'https:///app.example.com', 'is neither a path'],
    ['L-02 credentials', 'https://app.example.com@evil.org/', 'carries credentials'],
    ['L-02 plain http', 'http://app.example.com/', 'does not have the scheme of PUBLIC_URL'],
    ['L-02 foreign host', 'https://evil.org/', 'add evil.org there'],
    ['L-02 suffix of a host', 'https://notapp.example.com/', 'add notapp.example.com there'],
    ['L-02 other port', 'https://app.example.com:444/', 'add app.example.com:444 there'],
    ['loop', '/auth/login', 'is a step of sign-in or sign-out itself'],
    ['loop by its other name', 'https://auth.example.com/api/auth/logout', 'is a step of sign-in'],
  ])('%s is refused', (_, url, message) => {
    const lines = problemsOf({ ...hosts, [name]: url })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(new RegExp(`^${name}: `))
    expect(lines[0]).toContain(message)
  })
})

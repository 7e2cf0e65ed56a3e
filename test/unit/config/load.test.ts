import { describe, expect, test } from 'vitest'
import { renderProblem } from '../../../src/config/problem.ts'
import { complete, load, problemsOf, settingsOf, warningsOf } from './environments.ts'

describe('the least that starts', () => {
  test('has the documented defaults', () => {
    expect(settingsOf()).toEqual({
      listen: { host: '0.0.0.0', port: 8080, opsPort: 9090 },
      logLevel: 'info',
      sites: [
        {
          origin: 'https://auth.example.com',
          host: 'auth.example.com',
          basePath: '',
          secure: true,
          cookieName: '__Host-gatehouse',
          cookieSameSite: 'lax',
          instance: 'https://auth.example.com auth.example.com',
        },
      ],
      authPath: '/auth',
      providers: [
        {
          name: 'default',
          label: 'idp.example.com',
          issuer: 'https://idp.example.com/realms/main',
          clientId: 'gatehouse',
          clientSecret: 'of-the-client',
          clientAuth: 'client_secret_basic',
          scopes: 'openid profile email',
          authorizationParams: {},
          pushedAuthorizationRequests: false,
          claims: {
            roles: ['realm_access.roles', 'roles'],
            groups: ['groups'],
            groupsAllowlist: [],
            kept: [],
            admins: [],
          },
        },
      ],
      apps: [
        {
          name: 'default',
          hosts: [{ name: 'auth.example.com', wildcard: false }],
          headers: { sets: ['x-user'], own: [] },
          token: 'off',
          signIn: {},
          rules: [],
        },
      ],
      namesApps: false,
      rules: [],
      defaultRule: {
        name: 'default',
        access: 'user',
        preflight: false,
        require: { roles: [], groups: [], scopes: [], when: [] },
        quota: {},
      },
      accessPolicy: [],
      claimsMapping: {},
      quota: {},
      keys: [],
      issuers: [],
      mcp: [],
      assertion: false,
      signatureKeys: [],
      adminTokens: [],
      trustedProxies: ['127.0.0.0/8', '::1'],
      proxies: ['traefik'],
      session: {
        secrets: [complete.SESSION_SECRET],
        maxAgeMs: 25_200_000,
        staleMs: 3_600_000,
        withoutRefresh: 'token',
      },
      store: { kind: 'sqlite', path: './data/gatehouse.db' },
      csrfCheck: false,
      postLoginUrl: '/',
      postLogoutUrl: '/auth/logged-out',
      authEnabled: true,
    })
    expect(warningsOf({})).toEqual([])
  })

  test('is frozen to its leaves', () => {
    const settings = settingsOf({ COOKIE_DOMAIN: 'example.com' })
    const unfrozen: unknown[] = []
    const visit = (value: unknown) => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) unfrozen.push(value)
      Object.values(value).forEach(visit)
    }
    visit(settings)
    expect(unfrozen).toEqual([])
    expect(() => Object.assign(settings.session, { maxAgeMs: 1 })).toThrow(TypeError)
  })
})

test('an empty environment hears of everything that is missing, with a secret to paste', () => {
  const loaded = load({})
  const lines = loaded.kind === 'ok' ? [] : loaded.problems.map(renderProblem)
  expect(lines).toEqual([
    "PUBLIC_URL: is missing: the address of the gateway's pages as browsers see it; for example PUBLIC_URL=https://auth.example.com",
    'OIDC_ISSUER: is missing: the issuer of your OpenID provider; for example OIDC_ISSUER=https://keycloak.example.com/realms/main',
    "OIDC_CLIENT_ID: is missing: the gateway's client id at the provider; without one nobody signs in, and bearer tokens need AUTH_ALLOWED_AUDIENCES; for example OIDC_CLIENT_ID=gatehouse",
    expect.stringMatching(/^OIDC_CLIENT_SECRET: is missing,.*OIDC_CLIENT_AUTH=none/),
    expect.stringMatching(/^SESSION_SECRET: is missing.*; for example SESSION_SECRET=[\w-]{43}$/),
  ])
})

test('the secret to paste is a new one each time, and passes', () => {
  const pasted = [1, 2].map(() => {
    const [line = ''] = problemsOf({ SESSION_SECRET: '' })
    return line.split('SESSION_SECRET=')[1] ?? ''
  })
  expect(new Set(pasted).size).toBe(2)
  for (const secret of pasted) expect(problemsOf({ SESSION_SECRET: secret })).toEqual([])
})

test('problems of all subjects come together', () => {
  const lines = problemsOf({
    COOKIE_DOMAIN: 'com',
    OIDC_SCOPES: 'profile',
    SESSION_SECRET: 'short',
    TRUSTED_PROXIES: '0.0.0.0/0',
    PORT: 'eighty',
    CSRF_CHECK: 'perhaps',
    ALLOW: 'ops',
    OIDC_ISUER: 'https://idp.example.com',
  })
  expect(lines.map((line) => line.split(':')[0]).toSorted()).toEqual([
    'ALLOW',
    'COOKIE_DOMAIN',
    'CSRF_CHECK',
    'OIDC_ISUER',
    'OIDC_SCOPES',
    'PORT',
    'SESSION_SECRET',
    'TRUSTED_PROXIES',
  ])
})

describe('a value that cannot be read is a problem, never the default', () => {
  test.each([
    ['CSRF_CHECK', 'yes', '"yes" is neither true nor false'],
    ['CSRF_CHECK', '1', '"1" is neither true nor false'],
    ['AUTH_ENABLED', 'off', '"off" is neither true nor false'],
    ['OIDC_PAR', 'tru', '"tru" is neither true nor false'],
    ['ALLOW_INSECURE', 'no', '"no" is neither true nor false'],
    ['PORT', '80a', '"80a" is not a whole number from 0 to 65535'],
    ['PORT', '65536', '"65536" is not a whole number from 0 to 65535'],
    ['OPS_PORT', '-1', '"-1" is not a whole number from 0 to 65535'],
    ['SESSION_MAX_AGE_SEC', '0', '"0" is not a whole number from 1 to 34560000'],
    ['SESSION_MAX_AGE_SEC', '1e3', '"1e3" is not a whole number from 1 to 34560000'],
    ['SESSION_IDLE_SEC', '0x10', '"0x10" is not a whole number'],
    ['SESSION_STALE_SEC', '1.5', '"1.5" is not a whole number from 0 to'],
    ['LOG_LEVEL', 'verbose', '"verbose" is none of trace, debug, info, warn, error'],
    ['SESSION_WITHOUT_REFRESH', 'never', '"never" is none of token, max_age'],
    ['OIDC_CLIENT_AUTH', 'basic', '"basic" is none of client_secret_basic, client_secret_post'],
    ['PROXY', 'traefik,apache', '"apache" is none of traefik, caddy, kong, haproxy'],
    ['PROXY', 'constructor', '"constructor" is none of traefik, caddy'],
    ['COOKIE_SAMESITE', 'toString', '"toString" is none of lax, none'],
    ['PROXY', 'traefik,apache', '"apache" is none of traefik, caddy, kong, haproxy, nginx, envoy'],
    ['PROXY', ' , ', 'lists nothing'],
  ])('%s=%s', (name, value, message) => {
    const lines = problemsOf({ [name]: value })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`${name}: ${message}`)
  })
})

test('booleans are read in any case, numbers in milliseconds where they are durations', () => {
  const settings = settingsOf({ CSRF_CHECK: 'TRUE', SESSION_IDLE_SEC: '60', PORT: '0' })
  expect(settings.csrfCheck).toBe(true)
  expect(settings.session.idleMs).toBe(60_000)
  expect(settings.listen.port).toBe(0)
})

describe('switches that weaken security', () => {
  test('AUTH_ENABLED=false is refused where people could be', () => {
    expect(problemsOf({ AUTH_ENABLED: 'false' })).toEqual([
      expect.stringMatching(/^AUTH_ENABLED: false passes everyone.*ALLOW_INSECURE=true/),
    ])
  })

  test.each([
    { PUBLIC_URL: 'http://localhost:8080' },
    { PUBLIC_URL: 'http://auth.gatehouse.localhost:8000' },
    { PUBLIC_URL: 'http://127.8.0.1:8080' },
    { PUBLIC_URL: 'http://[::1]:8080' },
    { ALLOW_INSECURE: 'true' },
  ])('it passes loudly with %o, and needs no provider', (changes) => {
    const open = {
      AUTH_ENABLED: 'false',
      OIDC_ISSUER: '',
      OIDC_CLIENT_ID: '',
      OIDC_CLIENT_SECRET: '',
      ...changes,
    }
    const settings = settingsOf(open)
    expect(settings.authEnabled).toBe(false)
    expect(settings.providers).toEqual([])
    expect(warningsOf(open)).toContainEqual(expect.stringContaining('AUTH_ENABLED: is false'))
  })

  test.each([
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://notlocalhost',
  ])('%s is no local host', (url) => {
    expect(problemsOf({ AUTH_ENABLED: 'false', PUBLIC_URL: url })).toContainEqual(
      expect.stringMatching(/^AUTH_ENABLED: /),
    )
  })

  const bypass = {
    AUTH_MODE: 'bypass',
    OIDC_ISSUER: '',
    OIDC_CLIENT_ID: '',
    OIDC_CLIENT_SECRET: '',
  }

  test('AUTH_MODE=bypass is refused where people could be', () => {
    expect(problemsOf(bypass)).toEqual([
      expect.stringMatching(
        /^AUTH_MODE: bypass passes everyone as the test user; it needs ALLOW_I/,
      ),
    ])
  })

  test.each([
    [undefined, 'testuser', ['admin', 'user']],
    ['alice', 'alice', []],
    ['alice:', 'alice', []],
    ['alice: ops, ,admin,ops', 'alice', ['ops', 'admin']],
  ])('it passes loudly on a local host, with AUTH_BYPASS_USER %s', (user, username, roles) => {
    const open = { ...bypass, PUBLIC_URL: 'http://localhost:8080', AUTH_BYPASS_USER: user }
    const settings = settingsOf(open)
    expect(settings.bypass).toEqual({ username, roles })
    expect([settings.providers, settings.issuers, settings.authEnabled]).toEqual([[], [], true])
    expect(warningsOf(open)).toEqual([
      'AUTH_MODE: is bypass: everyone passes as the test user, nobody is asked to sign in',
    ])
  })

  test.each([':admin', 'a b:admin', 'a,b'])('AUTH_BYPASS_USER=%s is refused', (user) => {
    const changes = { ...bypass, ALLOW_INSECURE: 'true', AUTH_BYPASS_USER: user }
    expect(problemsOf(changes)).toEqual([
      expect.stringMatching(/^AUTH_BYPASS_USER: ".*" is no user name with its roles after a colon/),
    ])
  })

  test('AUTH_BYPASS_USER without the bypass does nothing, and says so', () => {
    expect(settingsOf({ AUTH_BYPASS_USER: 'x:admin' })).not.toHaveProperty('bypass')
    expect(warningsOf({ AUTH_BYPASS_USER: 'x:admin' })).toEqual([
      'AUTH_BYPASS_USER: does nothing without AUTH_MODE=bypass',
    ])
  })

  test('both switches together contradict each other', () => {
    expect(problemsOf({ ...bypass, AUTH_ENABLED: 'false', ALLOW_INSECURE: 'true' })).toEqual([
      'AUTH_MODE: bypass passes everyone as the test user, AUTH_ENABLED=false as anonymous; keep one of them',
    ])
  })

  test('AUTH_MODE=kong_headers is the normal decision', () => {
    expect(settingsOf({ AUTH_MODE: 'kong_headers' })).toEqual(settingsOf())
    expect(warningsOf({ AUTH_MODE: 'kong_headers' })).toEqual([])
  })

  test('half a provider is a problem, also while everyone passes', () => {
    const changes = { AUTH_ENABLED: 'false', ALLOW_INSECURE: 'true', OIDC_CLIENT_ID: '' }
    expect(problemsOf(changes)).toEqual([expect.stringMatching(/^OIDC_CLIENT_ID: is missing/)])
  })

  test('ALLOW_INSECURE=true is a warning by itself', () => {
    expect(warningsOf({ ALLOW_INSECURE: 'true' })).toEqual([
      'ALLOW_INSECURE: is true: settings that weaken security are accepted',
    ])
  })
})

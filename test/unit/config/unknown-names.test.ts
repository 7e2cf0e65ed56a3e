import { expect, test } from 'vitest'
import { problemsOf, warningsOf } from './environments.ts'

test.each([
  ['OIDC_ISUER', 'OIDC_ISSUER'],
  ['OIDC_CLIENTID', 'OIDC_CLIENT_ID'],
  ['OIDC_CLIENT_SECRET_FLE', 'OIDC_CLIENT_SECRET_FILE'],
  ['SESSION_SECRETS', 'SESSION_SECRET'],
  ['COOKIE_DOMIAN', 'COOKIE_DOMAIN'],
  ['COOKIE_SAME_SITE', 'COOKIE_SAMESITE'],
  ['CSRF_CHEK', 'CSRF_CHECK'],
  ['PUBLIC_URI', 'PUBLIC_URL'],
  ['STORE_URI', 'STORE_URL'],
  ['TRUSTED_PROXYES', 'TRUSTED_PROXIES'],
  ['APP_HOST', 'APP_HOSTS'],
  ['POST_LOGIN_URI', 'POST_LOGIN_URL'],
  ['KEYCLOAK_RELM', 'KEYCLOAK_REALM'],
  ['AUTH_REQUIRED_SCOPES', 'AUTH_REQUIRED_SCOPE'],
  ['oidc_issuer', 'OIDC_ISSUER'],
])('%s stops the start: did you mean %s?', (name, known) => {
  expect(problemsOf({ [name]: 'x' })).toEqual([`${name}: is not known; did you mean ${known}?`])
})

test.each([
  ['APP_PORTS', 'APP_HOSTS'],
  ['OPS_HOST', 'OPS_PORT'],
  ['SESSION_MAX_AGE', 'SESSION_MAX_AGE_SEC'],
  ['AUTH_ROLES', 'AUTH_ROLES_CLAIM'],
])('%s may be foreign: a warning that asks for %s', (name, known) => {
  expect(problemsOf({ [name]: 'x' })).toEqual([])
  expect(warningsOf({ [name]: 'x' })).toEqual([
    `${name}: is not known and ignored; did you mean ${known}?`,
  ])
})

test.each(['OIDC_ALLOWED_GROUPS', 'AUTH_STRICT', 'COOKIE_PARTITIONED', 'TRUSTED_PROXY'])(
  '%s might be meant for the gateway: a warning',
  (name) => {
    expect(warningsOf({ [name]: 'x' })).toEqual([
      `${name}: is not known to this version and ignored`,
    ])
  },
)

test('what orchestrators and other programs set is left alone', () => {
  const foreign = [
    'PUBLIC_URL_PORT',
    'KEYCLOAK_PORT',
    'KEYCLOAK_PORT_8080_TCP',
    'KEYCLOAK_PORT_8080_TCP_ADDR',
    'KEYCLOAK_SERVICE_HOST',
    'KEYCLOAK_SERVICE_PORT_HTTP',
    'AUTH_PORT_8080_TCP_PROTO',
    'AUTH_SERVICE_PORT',
    'OIDC_PORT',
    'SESSION_MANAGER',
    'KEYCLOAK_ADMIN',
    'KEYCLOAK_ADMIN_PASSWORD',
    'APP_ENV',
    'HOSTNAME',
    'HOST_IP',
    'PATH',
    'LOGNAME',
    'REDIS_HOST',
  ]
  const changes = Object.fromEntries(foreign.map((name) => [name, 'tcp://10.0.0.1:8080']))
  expect(problemsOf(changes)).toEqual([])
  expect(warningsOf(changes)).toEqual([])
})

test('an empty one is left alone too', () => {
  expect(problemsOf({ OIDC_ISUER: '' })).toEqual([])
})

test('G-03 a name with a line break stays on one line', () => {
  const [line = ''] = problemsOf({ 'OIDC_ISSUER\n': 'x' })
  expect(line).toBe('"OIDC_ISSUER\\n": is not known; did you mean OIDC_ISSUER?')
})

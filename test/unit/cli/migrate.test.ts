import { describe, expect, test } from 'vitest'
import { explained } from '../../../src/cli/explained.ts'
import { migrateOauth2Proxy } from '../../../src/cli/migrate/migrate.ts'
import { run } from '../../../src/cli/run.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { renderProblem } from '../../../src/config/problem.ts'
import type { Settings } from '../../../src/config/settings.ts'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import { recordingTerminal } from './recording-terminal.ts'

const minimal = `
provider = "oidc"
oidc_issuer_url = "https://idp.example.com"
client_id = "apps"
client_secret = "planted-client-secret"
cookie_secret = "planted-cookie-secret"
redirect_url = "https://app.example.com/oauth2/callback"
`
const everyone = `${minimal}email_domains = ["*"]\n`

/** Runs the command; a source is the text of its file, or the environment. */
function migrate(source: string | Record<string, string>, proxy?: string) {
  const { terminal, lines, errors } = recordingTerminal()
  const code =
    typeof source === 'string'
      ? migrateOauth2Proxy('/oauth2-proxy.cfg', proxy, {}, () => source, terminal)
      : migrateOauth2Proxy('env', proxy, source, () => '', terminal)
  const out = lines.join('\n')
  const env = Object.fromEntries(
    [...out.matchAll(/^([A-Z][A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  )
  const file = /^# \/etc\/gatehouse\/gatehouse\.yaml\n\n(.*?)\n\n#/ms.exec(out)?.[1]
  const leftOver = out.slice(out.indexOf('# No counterpart'))
  return { code, out, errors, env, file, leftOver }
}

/** What is printed, as the gateway reads it; throws where it does not start. */
function settingsFrom(source: string | Record<string, string>): Settings {
  const { env, file } = migrate(source)
  const texts: Record<string, string | undefined> = {
    CONFIG_FILE: file,
    OIDC_CLIENT_SECRET_FILE: 'of-the-client',
    STORE_URL_FILE: 'redis://valkey:6379',
    ALLOW_FILE: 'email:carol@other.example\n',
  }
  const loaded = loadSettings(env, (path) => {
    const name = Object.keys(env).find((key) => env[key] === path) ?? ''
    return texts[name] ?? ''
  })
  if (loaded.kind === 'ok') return loaded.settings
  throw new Error(loaded.problems.map(renderProblem).join('\n'))
}

const person = (fields: Partial<Identity>): Identity => ({
  ...anonymous,
  kind: 'user',
  source: 'session',
  provider: 'default',
  subject: 'somebody',
  username: 'somebody',
  emailVerified: true,
  ...fields,
})

async function passes(
  settings: Settings,
  identity: Identity | undefined,
  url = 'https://app.example.com/page',
  method = 'GET',
): Promise<boolean> {
  const answer = await explained({ method, url }, identity, settings)
  return typeof answer !== 'string' && answer.decision.kind === 'allow'
}

describe('who is let in', () => {
  const people = [
    { email: 'a@example.com', groups: ['ops'], roles: ['admin'] },
    { email: 'b@example.com', groups: ['dev'], roles: [] },
    { email: 'c@example.com', groups: [], roles: ['admin'] },
    { email: 'd@other.example', groups: ['ops'], roles: [] },
    { email: 'carol@other.example', groups: ['ops'], roles: [] },
    { email: 'carol@other.example', groups: [], roles: [] },
    { email: 'e@sub.example.com', groups: ['ops'], roles: ['admin'] },
    { email: 'f@example.com', groups: ['ops'], roles: [], emailVerified: false },
  ]

  test.each<[string, readonly number[]]>([
    ['email_domains = ["*"]', [0, 1, 2, 3, 4, 5, 6, 7]],
    ['email_domains = ["example.com"]', [0, 1, 2]],
    ['email_domains = "example.com, other.example"', [0, 1, 2, 3, 4, 5]],
    ['email_domains = ["*"]\nallowed_groups = ["ops"]', [0, 3, 4, 6, 7]],
    ['email_domains = ["example.com"]\nallowed_groups = ["ops"]', [0]],
    ['authenticated_emails_file = "/emails"', [4, 5]],
    ['authenticated_emails_file = "/emails"\nallowed_groups = ["ops"]', [4]],
    ['email_domains = ["example.com"]\nauthenticated_emails_file = "/emails"', [0, 1, 2, 4, 5]],
    ['email_domains = [".example.com", "other.example"]', [3, 4, 5]],
    ['email_domains = [".example.com"]', []],
    ['', []],
    ['email_domains = ["*"]\ngithub_org = "ours"', []],
    ['authenticated_emails_file = "/emails"\ngithub_org = "ours"', []],
    ['email_domains = ["*"]\ngroups_that_are_allowed = ["ops"]', []],
    ['email_domains = ["example.com"]\noidc_email_claim = "upn"', []],
    ['email_domains = ["*"]\nallowed_groups = ["a,b"]', []],
    // Each of these counts for another provider only, or for none.
    ['email_domains = ["*"]\nallowed_groups = ["dev"]\nallowed_roles = ["admin"]', [1]],
    ['email_domains = ["*"]\nallowed_groups = ["dev"]\ngitlab_groups = ["ops"]', [1]],
  ])('%s', async (text, expected) => {
    const settings = settingsFrom(`${minimal}${text}\n`)
    const allowed = await Promise.all(people.map((one) => passes(settings, person(one))))
    expect(allowed.flatMap((passed, i) => (passed ? [i] : []))).toEqual(expected)
    expect(await passes(settings, undefined)).toBe(false)
  })

  test.each<[string, string, readonly string[]]>([
    ['["admin"]', 'realm_access.roles', ['role:admin']],
    ['["shop:admin", "shop:user"]', 'resource_access.shop.roles', ['role:admin', 'role:user']],
    ['["admin", "shop:user"]', 'realm_access.roles', ['role:admin']],
  ])('roles of Keycloak: %s', (roles, claim, entries) => {
    const text = everyone.replace('"oidc"', '"keycloak-oidc"')
    const { env } = migrate(`${text}allowed_roles = ${roles}\n`)
    expect([env.AUTH_ROLES_CLAIM, env.ALLOW]).toEqual([claim, entries.join(',')])
  })
})

describe('what passes without a sign-in', () => {
  const paths = [
    '/',
    '/a',
    '/a/',
    '/ab',
    '/a/b',
    '/a/b/c',
    '/x/a',
    '/aXb',
    '/a.b',
    '/b',
    '/A',
    '/a/b.js',
  ]

  test.each([
    ['^/a$', ['/a', '/a/']],
    ['^/a/?$', ['/a', '/a/']],
    ['^/a/$', ['/a', '/a/']],
    ['/a$', ['/a', '/a/']],
    ['^/a', ['/a', '/a/', '/a/b', '/a/b/c', '/a/b.js']],
    ['^/a.*', ['/a', '/a/', '/a/b', '/a/b/c', '/a/b.js']],
    ['^/a/', ['/a/b', '/a/b/c', '/a/b.js']],
    ['^/a/.*$', ['/a/b', '/a/b/c', '/a/b.js']],
    ['^/a(/.*)?$', ['/a', '/a/', '/a/b', '/a/b/c', '/a/b.js']],
    ['^/a(/|$)', ['/a', '/a/', '/a/b', '/a/b/c', '/a/b.js']],
    ['^/a\\.b$', ['/a.b']],
    ['^/a.b$', ['/a.b']],
    ['^/$', ['/']],
    ['^/', []],
    ['.*', []],
    ['/.*', []],
    ['^/a?$', []],
    ['^/(a|b)$', []],
    ['^/a[bc]', []],
    ['^/a/.*/c$', []],
    ['(?i)^/a$', []],
    ['a', []],
    ['^/a/../b', []],
    ['!=^/a', []],
  ])('P-07 %s opens nothing that it did not open: %j', async (regex, expected) => {
    const settings = settingsFrom(`${everyone}skip_auth_routes = ['${regex}']\n`)
    const open: string[] = []
    for (const path of paths)
      if (await passes(settings, undefined, `https://app.example.com${path}?/a/b`)) open.push(path)
    expect(open).toEqual(expected)
    if (expected.length === 0 || regex.startsWith('!')) return
    // A slash at the end does not matter to rules.
    const old = new RegExp(regex)
    for (const path of open)
      expect([path, path.replace(/(?<=.)\/$/, ''), `${path}/`].some((one) => old.test(one))).toBe(
        true,
      )
  })

  test('a method keeps it to that method', async () => {
    const routes = ['GET=^/a$', 'post=^/b$', 'GET!=^/c$', 'NOTHING=^/d$', '/e=f']
    const settings = settingsFrom(`${everyone}skip_auth_routes = ${JSON.stringify(routes)}\n`)
    const open = async (method: string, path: string) =>
      passes(settings, undefined, `https://app.example.com${path}`, method)
    expect([await open('GET', '/a'), await open('POST', '/a')]).toEqual([true, false])
    expect([await open('GET', '/b'), await open('POST', '/b')]).toEqual([false, true])
    for (const path of ['/c', '/d', '/e=f'])
      expect([await open('GET', path), await open('POST', path)]).toEqual([false, false])
  })

  test('trusted_ips are networks, but never every address', () => {
    const { file, leftOver } = migrate(`${everyone}trusted_ips = ["10.1.0.0/16", "0.0.0.0/0"]\n`)
    expect(file).toContain('- 10.1.0.0/16')
    expect(file).not.toContain('0.0.0.0/0')
    expect(leftOver).toContain('trusted_ips: holds every address')
  })

  test('skip_auth_preflight passes preflights, and no other OPTIONS request', async () => {
    const settings = settingsFrom(`${minimal}email_domains = ["example.com"]
allowed_groups = ["ops"]\nskip_auth_preflight = true\n`)
    const options = (identity?: Identity) =>
      passes(settings, identity, 'https://app.example.com/page', 'OPTIONS')
    expect(settings.rules).toMatchObject([{ preflight: true, access: 'user' }])
    expect(await options()).toBe(false)
    expect(await options(person({ email: 'a@example.com', groups: ['dev'] }))).toBe(false)
    expect(await options(person({ email: 'a@example.com', groups: ['ops'] }))).toBe(true)
  })
})

describe('tokens of programs', () => {
  const bearer = `${everyone}skip_jwt_bearer_tokens = true\noidc_extra_audiences = ["api"]\n`

  test('are taken where they were, and opaque ones are not', () => {
    const settings = settingsFrom(`${bearer}extra_jwt_issuers = "https://ci.example.net=deploy"\n`)
    expect(settings.issuers).toMatchObject([
      { issuer: 'https://idp.example.com', audiences: ['apps', 'api'], introspection: 'off' },
      { issuer: 'https://ci.example.net', audiences: ['deploy'] },
    ])
  })

  test('are refused where they were', () => {
    expect(settingsFrom(bearer.replace('= true', '= false')).issuers).toEqual([])
  })
})

describe('pages and cookies', () => {
  test.each([
    ['redirect_url = "https://a.example.com/sso/callback"', 'https://a.example.com', '/sso'],
    ['redirect_url = "https://a.example.com/elsewhere"', 'https://a.example.com', '/oauth2'],
    ['redirect_url = "http://a.example.com/oauth2/callback"', 'https://a.example.com', '/oauth2'],
    ['redirect_url = "http://localhost:4180/oauth2/callback"', 'http://localhost:4180', '/oauth2'],
    ['redirect_url = "/oauth2/callback"', 'https://app.example.com', '/oauth2'],
    ['proxy_prefix = "/gate"', 'https://app.example.com', '/gate'],
  ])('%s', (text, publicUrl, authPath) => {
    const source = `${everyone.replace(/redirect_url.*\n/, '')}${text}\n`
    const { env, code } = migrate(source)
    expect([code, env.PUBLIC_URL, env.AUTH_PATH]).toEqual([0, publicUrl, authPath])
    settingsFrom(source)
  })

  test('hosts of apps are those that were returned to, as far as the cookie reaches', () => {
    const { env, leftOver } = migrate(`${everyone}
cookie_domains = [".example.com", "other.org"]
whitelist_domains = [".apps.example.com", "wiki.example.com:*", "idp.other.org", "*.com"]\n`)
    expect(env.COOKIE_DOMAIN).toBe('example.com')
    expect(env.APP_HOSTS).toBe('*.apps.example.com,wiki.example.com,example.com,*.example.com')
    expect(leftOver).toContain('idp.other.org: no session cookie reaches it')
    expect(leftOver).toContain('cookie_domains: one domain holds')
    expect(migrate(`${everyone}cookie_domains = ["example.com"]\n`).env.APP_HOSTS).toBe(
      'app.example.com',
    )
  })

  test.each([
    ['cookie_expire = "1h30m"', { SESSION_MAX_AGE_SEC: '5400' }],
    ['cookie_expire = "0"', { SESSION_MAX_AGE_SEC: undefined }],
    ['cookie_name = "__Host-apps"', { SESSION_COOKIE_NAME: '__Host-apps' }],
    ['cookie_name = "a b"', { SESSION_COOKIE_NAME: undefined }],
    ['cookie_samesite = "none"', { COOKIE_SAMESITE: 'none' }],
    ['cookie_samesite = "strict"', { COOKIE_SAMESITE: undefined }],
    [
      'session_store_type = "redis"\nredis_connection_url = "redis://r:6379"',
      { STORE_URL: 'redis://r:6379' },
    ],
    ['set_xauthrequest = true', { IDENTITY_HEADERS: 'x-auth-request' }],
    ['upstreams = ["http://app/"]', { IDENTITY_HEADERS: 'x-forwarded' }],
    ['set_authorization_header = true', { PASS_TOKEN: 'id' }],
    ['pass_access_token = true', { PASS_TOKEN: 'access' }],
    ['trusted_proxy_ips = ["10.0.0.7", "0.0.0.0/0"]', { TRUSTED_PROXIES: '10.0.0.7' }],
    ['oidc_groups_claim = "teams"', { AUTH_GROUPS_CLAIM: 'teams' }],
    ['scope = "email groups"', { OIDC_SCOPES: 'openid email groups' }],
    ['acr_values = "mfa"', { OIDC_AUTHORIZATION_PARAMS: 'acr_values=mfa' }],
  ])('%s', (text, expected) => {
    expect(migrate(`${everyone}${text}\n`).env).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)),
    )
    for (const [name, value] of Object.entries(expected))
      expect(migrate(`${everyone}${text}\n`).env[name]).toBe(value)
    settingsFrom(`${everyone}${text}\n`)
  })
})

describe('the provider', () => {
  test.each([
    ['google', 'https://accounts.google.com'],
    ['gitlab', 'https://gitlab.com'],
    ['azure', 'https://login.microsoftonline.com/common/v2.0'],
    ['github', 'https://idp.example.com'],
  ])('%s', (provider, issuer) => {
    const text = everyone.replace(/oidc_issuer_url.*\n/, '').replace('"oidc"', `"${provider}"`)
    const { env, leftOver, code } = migrate(text)
    expect([code, env.OIDC_ISSUER]).toEqual([0, issuer])
    expect(leftOver.includes('has no issuer here')).toBe(provider === 'github')
  })

  test('a client without a secret has PKCE alone', () => {
    const text = everyone.replace(/client_secret.*\n/, 'code_challenge_method = "S256"\n')
    expect(migrate(text).env).toMatchObject({ OIDC_CLIENT_AUTH: 'none' })
    settingsFrom(text)
  })
})

test('G-10 no secret of the source is printed', () => {
  const { out, env } = migrate(`${everyone}
session_store_type = "redis"
redis_connection_url = "redis://:planted-of-redis@redis:6379/0"
redis_password = "planted-password"
basic_auth_password = "planted-basic"
signature_key = "sha256:planted-key"
jwt_key = "planted-jwt"\n`)
  expect(out).not.toContain('planted')
  expect(env.STORE_URL_FILE).toBe('/run/secrets/store_url')
  expect(env.OIDC_CLIENT_SECRET_FILE).toBe('/run/secrets/oidc_client_secret')
  expect(out).toContain('Put there what client_secret is.')
  expect(migrate(everyone).env.SESSION_SECRET).not.toBe(env.SESSION_SECRET)
})

describe('a source', () => {
  const flags = `#!/bin/sh
oauth2-proxy \\
  --provider=oidc \\
  --oidc-issuer-url="https://idp.example.com" \\
  --client-id apps \\
  --client-secret-file=/secret \\
  --redirect-url=https://app.example.com/oauth2/callback \\
  --email-domain=example.com \\
  --email-domain=other.example \\
  --set-xauthrequest
`

  test('may be a command line, or the args of a manifest', () => {
    const expected = {
      OIDC_ISSUER: 'https://idp.example.com',
      OIDC_CLIENT_ID: 'apps',
      OIDC_CLIENT_SECRET_FILE: '/secret',
      ALLOW: 'domain:example.com,domain:other.example',
      IDENTITY_HEADERS: 'x-auth-request',
    }
    expect(migrate(flags).env).toMatchObject(expected)
    const args = flags
      .replaceAll(/^ {2}(--.*?) \\$/gm, '        - "$1"')
      .replaceAll('id apps', 'id=apps')
    expect(
      migrate(args.replaceAll('="https://idp.example.com"', '=https://idp.example.com')).env,
    ).toMatchObject(expected)
  })

  test('may be the environment', () => {
    const { env, code } = migrate({
      OAUTH2_PROXY_PROVIDER: 'oidc',
      OAUTH2_PROXY_OIDC_ISSUER_URL: 'https://idp.example.com',
      OAUTH2_PROXY_CLIENT_ID: 'apps',
      OAUTH2_PROXY_CLIENT_SECRET: 'planted',
      OAUTH2_PROXY_EMAIL_DOMAINS: 'example.com,other.example',
      OIDC_CLIENT_ID: 'of-another-program',
    })
    expect(code).toBe(0)
    expect(env).toMatchObject({
      OIDC_CLIENT_ID: 'apps',
      ALLOW: 'domain:example.com,domain:other.example',
    })
  })

  test.each([
    ['providers:\n  - id: x\n', 'line 1 is not TOML; its YAML ("alpha") configuration is not read'],
    ['client_id = "a\\nALLOW=*"', 'the value of client_id has line breaks'],
    ['"a\\nALLOW=*" = 1', 'is no name of an option'],
  ])('%j is refused', (text, message) => {
    const { code, errors, out } = migrate(text)
    expect([code, out]).toEqual([64, ''])
    expect(errors.join()).toContain(message)
  })

  test('that is not there is refused', async () => {
    expect(migrate({}).errors.join()).toContain('no variable that begins with OAUTH2_PROXY_')
    const { terminal, errors } = recordingTerminal()
    expect(await run(['migrate', 'oauth2-proxy', '/nowhere'], {}, terminal)).toBe(64)
    expect(errors).toEqual(['gatehouse: /nowhere: cannot be read'])
  })

  test('that would not start says so', () => {
    const { code, out } = migrate(`${everyone}prompt = "surprise"\n`)
    expect(code).toBe(1)
    expect(out).toContain('# To be put right before it starts')
    expect(out).toContain('# - OIDC_PROMPT: "surprise" is none of')
  })
})

describe('the command line', () => {
  test.each([
    [['migrate'], 'migrate knows "oauth2-proxy"'],
    [['migrate', 'oauth2-proxy'], 'and a file or "env" after it'],
    [['migrate', 'authelia', 'x'], 'migrate knows "oauth2-proxy"'],
    [['migrate', 'oauth2-proxy', 'env', 'apache'], 'migrate knows traefik, kong, nginx'],
  ])('%j', async (args, message) => {
    const { terminal, errors } = recordingTerminal()
    expect(await run(args, {}, terminal)).toBe(64)
    expect(errors[0]).toContain(message)
  })

  test('a proxy brings its lines, with the headers of the settings', () => {
    const text = `${everyone}set_xauthrequest = true\n`
    const nginx = migrate(text, 'nginx')
    expect(nginx.env.PROXY).toBe('nginx')
    expect(nginx.out).toContain('proxy_set_header x-auth-request-user ')
    expect(nginx.out).not.toContain('x-user-id')
    expect(migrate(text).out).toContain('forwardAuth:')
  })
})

/** All options of oauth2-proxy 7.15, by its documentation. */
const known =
  `acr_values allow_query_semicolons allowed_groups allowed_roles api_routes approval_prompt auth_logging
auth_logging_format authenticated_emails_file azure_tenant backend_logout_url banner basic_auth_password client_id
client_secret client_secret_file code_challenge_method cookie_csrf_expire cookie_csrf_per_request cookie_domains
cookie_expire cookie_httponly cookie_name cookie_path cookie_refresh cookie_samesite cookie_secret cookie_secure
custom_sign_in_logo custom_templates_dir display_htpasswd_form email_domains encode_state entra_id_allowed_tenants
errors_to_info_log exclude_logging_paths extra_jwt_issuers flush_interval footer force_https force_json_errors
gcp_healthchecks github_org github_repo github_team github_token github_users gitlab_groups gitlab_projects
google_admin_email google_groups google_service_account_json google_target_principal
google_use_application_default_credentials htpasswd_file htpasswd_user_groups http_address https_address
insecure_oidc_allow_unverified_email insecure_oidc_skip_issuer_verification insecure_oidc_skip_nonce jwt_key
jwt_key_file keycloak_groups logging_compress logging_filename logging_local_time logging_max_age logging_max_backups
logging_max_size login_url metrics_address metrics_secure_address metrics_tls_cert_file metrics_tls_key_file
oidc_audience_claims oidc_email_claim oidc_extra_audiences oidc_groups_claim oidc_issuer_url oidc_jwks_url
oidc_roles_claim pass_access_token pass_authorization_header pass_basic_auth pass_host_header pass_user_headers
ping_path ping_user_agent prefer_email_to_user profile_url prompt provider provider_ca_files provider_display_name
proxy_prefix proxy_websockets pubjwk_url ready_path real_client_ip_header redeem_url redirect_url
redis_cluster_connection_urls redis_connection_idle_timeout redis_connection_url redis_insecure_skip_tls_verify
redis_password redis_sentinel_connection_urls redis_sentinel_master_name redis_sentinel_password redis_use_cluster
redis_use_sentinel relative_redirect_url request_id_header request_logging request_logging_format resource
reverse_proxy scope session_cookie_minimal session_store_type set_authorization_header set_basic_auth
set_xauthrequest show_debug_on_error signature_key silence_ping_logging skip_auth_preflight skip_auth_regex
skip_auth_routes skip_auth_strip_headers skip_claims_from_profile_url skip_jwt_bearer_tokens skip_oidc_discovery
skip_provider_button ssl_insecure_skip_verify ssl_upstream_insecure_skip_verify standard_logging
standard_logging_format tls_cert_file tls_cipher_suites tls_key_file tls_min_version trusted_ips trusted_proxy_ips
upstream_timeout upstreams use_system_trust_store user_id_claim validate_url whitelist_domains`.split(
    /\s+/,
  )

test.each(known)('%s is known', (name) => {
  const { leftOver } = migrate(`${name} = "email"\n`)
  expect(leftOver).not.toContain('is not known to this command')
})

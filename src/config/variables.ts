import type { XStatic } from 'typebox/schema'
import { headerSets } from '../model/app.ts'

/** One environment variable: a JSON Schema of its values and what an operator has to know of it. */
export interface Variable {
  readonly type?: 'string' | 'integer' | 'boolean' | 'array'
  readonly enum?: readonly string[]
  readonly items?: { readonly type: 'string' } | { readonly enum: readonly string[] }
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: string | number | boolean | readonly string[]
  /** What holds while it is unset, where no constant says it. */
  readonly unset?: string
  readonly description: string
  /** Values as one writes them, where the default and the values allowed do not show it already. */
  readonly examples?: readonly [string, ...string[]]
  /** Other names that are read as well. */
  readonly aliases?: readonly string[]
  /** Two more variables that give the value together, with a text between them. */
  readonly joined?: { readonly names: readonly [string, string]; readonly by: string }
  /** A list that a file may also give line by line, with comments after `#`. */
  readonly lines?: true
  /** A list whose sources do not add up: two different ones stop the start. */
  readonly oneSource?: true
  /** Never shown. */
  readonly secret?: true
  /** Values refused for a reason of their own. */
  readonly refused?: Readonly<Record<string, string>>
}

type Variables = Readonly<Record<string, Variable>>

const longestCookieLifeSec = 34_560_000

const pages = {
  PUBLIC_URL: {
    type: 'array',
    items: { type: 'string' },
    unset: 'required',
    description:
      "Address of the gateway's pages as browsers see it; one for each root domain. A path in it comes before every route. https, except for `localhost`, names under `.localhost` and loopback addresses.",
    examples: ['https://auth.example.com', 'https://auth.example.com,https://auth.other.org'],
    aliases: ['AUTH_CALLBACK_BASE_URL'],
    oneSource: true,
  },
  APP_HOSTS: {
    type: 'array',
    items: { type: 'string' },
    unset: '`COOKIE_DOMAIN` and every host under it, else the host of `PUBLIC_URL`',
    description:
      'Hosts of the apps: the gateway answers for them and returns to them. `*.` stands for one or more labels. Without a port: the default port and that of `PUBLIC_URL`.',
    examples: ['app.example.com,*.apps.example.com'],
  },
  COOKIE_DOMAIN: {
    type: 'array',
    items: { type: 'string' },
    unset: 'the host of `PUBLIC_URL` alone',
    description:
      'Domain whose hosts share the session cookie; one for each `PUBLIC_URL`, whose host it holds. Every app is under one of them.',
    examples: ['example.com', 'example.com,other.org'],
  },
  COOKIE_SAMESITE: {
    enum: ['lax', 'none'],
    default: 'lax',
    description:
      '`none` lets pages of other sites send the cookie, for apps inside their frames; it needs https.',
    refused: {
      strict:
        'strict would keep the cookie back when the browser returns from the provider, so nobody could sign in',
    },
  },
  SESSION_COOKIE_NAME: {
    type: 'string',
    unset: '`__Host-gatehouse`; `gatehouse` with `COOKIE_DOMAIN` or on plain http',
    description: 'Name of the session cookie.',
    examples: ['gatehouse'],
  },
  CSRF_CHECK: {
    type: 'boolean',
    default: false,
    description:
      'Refuses requests that change something (all but GET, HEAD, OPTIONS) when their `Origin` is neither an app nor `PUBLIC_URL`. Always on with `COOKIE_SAMESITE=none`.',
  },
  AUTH_PATH: {
    type: 'string',
    default: '/auth',
    description:
      'Where the public routes are: `/auth/login`, `/auth/callback` and the others. `/oauth2` keeps the callback of oauth2-proxy, and adds its `start`, `sign_in`, `sign_out`, `userinfo` and, with `PROXY=nginx`, `auth`.',
  },
  POST_LOGIN_URL: {
    type: 'string',
    default: '/',
    description:
      'Where a sign-in ends that named no return URL: a path on the host of `PUBLIC_URL`, or a URL on an app host.',
    examples: ['https://app.example.com/'],
  },
  POST_LOGOUT_URL: {
    type: 'string',
    unset: '`AUTH_PATH` + `/logged-out`',
    description: 'Where a sign-out ends that named no return URL; as `POST_LOGIN_URL`.',
    examples: ['https://app.example.com/'],
  },
} as const satisfies Variables

const signIn = {
  ALLOW: {
    type: 'array',
    items: { type: 'string' },
    unset: 'everyone the provider signs in; required where anyone can register there',
    description:
      'Who may sign in, any one of: `group:ops`, `role:admin`, `user:bob`, `email:bob@example.com`, `domain:example.com`; `*` is anyone. E-mail entries need a verified address. User names of a further provider have its name before them: `user:partner:bob`. `ALLOW_FILE` names a file with an entry a line, read again when it changes.',
    examples: ['group:ops,email:bob@example.com'],
    lines: true,
  },
  OIDC_PROVIDERS: {
    type: 'array',
    items: { type: 'string' },
    unset: 'the one of `OIDC_ISSUER`',
    description:
      'Names of further providers to sign in with. Each has its variables with its name: `OIDC_PARTNER_ISSUER`, `OIDC_PARTNER_CLIENT_ID` and so on, also `…_LABEL` (what the chooser shows), `…_ALLOW` (in place of `ALLOW`), `…_ROLES_CLAIM` and `…_GROUPS_CLAIM` (`-` for none).',
    examples: ['staff,partner'],
  },
} as const satisfies Variables

const provider = {
  OIDC_ISSUER: {
    type: 'string',
    unset: 'required, except where nobody signs in',
    description:
      'Issuer of the OpenID provider, exactly as its discovery document spells it. Everything else about the provider is read from there.',
    examples: ['https://keycloak.example.com/realms/main'],
    aliases: ['MOZAIKS_OIDC_AUTHORITY', 'KEYCLOAK_ISSUER', 'KEYCLOAK_REALM_URL'],
    joined: { names: ['KEYCLOAK_URL', 'KEYCLOAK_REALM'], by: '/realms/' },
  },
  OIDC_INTERNAL_URL: {
    type: 'string',
    unset: 'the provider is called at its public addresses',
    description:
      "Origin at which the gateway itself reaches the provider, where that differs from the issuer's. Browsers never see it, and `iss` is still compared with the issuer.",
    examples: ['http://keycloak:8080'],
    aliases: ['KEYCLOAK_INTERNAL_URL'],
  },
  OIDC_CLIENT_ID: {
    type: 'string',
    unset:
      'nobody signs in, only bearer tokens are taken; required without `AUTH_ALLOWED_AUDIENCES`',
    description: "The gateway's client id at the provider.",
    examples: ['gatehouse'],
    aliases: ['KEYCLOAK_CLIENT_ID'],
  },
  OIDC_CLIENT_SECRET: {
    type: 'string',
    unset: 'required with `client_secret_basic` and `client_secret_post`',
    description: "The client's secret.",
    aliases: ['KEYCLOAK_CLIENT_SECRET'],
    secret: true,
  },
  OIDC_CLIENT_AUTH: {
    enum: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    default: 'client_secret_basic',
    description:
      'How the gateway proves itself at the token endpoint (OpenID Connect Core, section 9). `none` is a public client, protected by PKCE alone.',
  },
  OIDC_CLIENT_PRIVATE_KEY: {
    type: 'string',
    unset: 'required with `private_key_jwt`',
    description:
      "The client's private key, PKCS #8 in PEM; usually given as `OIDC_CLIENT_PRIVATE_KEY_FILE`.",
    secret: true,
  },
  OIDC_CA: {
    type: 'string',
    unset: 'the certificate authorities of Node.js',
    description:
      'Certificate authorities to trust for the provider, in PEM; usually given as `OIDC_CA_FILE`.',
  },
  OIDC_LABEL: {
    type: 'string',
    unset: 'the host of the issuer; for a further provider, its name',
    description: 'What people see where they choose a provider.',
    examples: ['Example Ltd'],
  },
  OIDC_SCOPES: {
    type: 'string',
    default: 'openid profile email',
    description: 'Scopes to ask for, separated by spaces; `openid` is one of them.',
    examples: ['openid profile email offline_access'],
  },
  OIDC_PROMPT: {
    type: 'string',
    unset: 'the provider decides',
    description:
      '`prompt` of every sign-in: `none` alone, or some of `login`, `consent`, `select_account`, separated by spaces.',
    examples: ['select_account'],
  },
  OIDC_AUTHORIZATION_PARAMS: {
    type: 'string',
    unset: 'none',
    description:
      'More parameters of the authorization request, written as a query string. Parameters the protocol sets itself are refused; `prompt` is read as `OIDC_PROMPT`.',
    examples: ['access_type=offline&prompt=consent'],
  },
  OIDC_PAR: {
    type: 'boolean',
    default: false,
    description: 'Sends the authorization request to the provider beforehand (PAR, RFC 9126).',
  },
} as const satisfies Variables

const sessions = {
  SESSION_SECRET: {
    type: 'array',
    items: { type: 'string' },
    unset: 'required',
    description:
      'Signs cookies and seals what is stored: 32 or more random bytes, as from `openssl rand -base64 32`. Several, separated by commas, for rotation: the first signs and seals, all verify and open.',
    secret: true,
  },
  SESSION_MAX_AGE_SEC: {
    type: 'integer',
    minimum: 1,
    maximum: longestCookieLifeSec,
    default: 25_200,
    description: 'A session ends this many seconds after sign-in, whatever happens.',
  },
  SESSION_IDLE_SEC: {
    type: 'integer',
    minimum: 1,
    maximum: longestCookieLifeSec,
    unset: 'no idle limit',
    description: 'A session ends this many seconds after its last use.',
    examples: ['3600'],
  },
  SESSION_STALE_SEC: {
    type: 'integer',
    minimum: 0,
    maximum: longestCookieLifeSec,
    default: 3_600,
    description:
      'How long, in seconds, a session passes with its last claims while the provider cannot refresh them.',
  },
  SESSION_WITHOUT_REFRESH: {
    enum: ['token', 'max_age'],
    default: 'token',
    description:
      'End of a session that got no refresh token: with its access token, or after `SESSION_MAX_AGE_SEC`.',
  },
  STORE_URL: {
    type: 'string',
    default: 'sqlite:./data/gatehouse.db',
    description:
      'Where sessions are kept: `sqlite:` and a path for one replica; a Valkey or Redis server (`redis:`, `rediss:`, `valkey:`, `valkeys:`; those with a final s use TLS) for several.',
    examples: ['sqlite:./data/gatehouse.db', 'rediss://:password@valkey.example.com:6379/0'],
    aliases: ['REDIS_URL'],
  },
} as const satisfies Variables

const claims = {
  AUTH_ROLES_CLAIM: {
    type: 'array',
    items: { type: 'string' },
    default: ['realm_access.roles', 'roles'],
    description: 'Claims that hold roles: names or dotted paths, all of them read.',
    examples: ['realm_access.roles,resource_access.app.roles'],
  },
  AUTH_GROUPS_CLAIM: {
    type: 'array',
    items: { type: 'string' },
    default: ['groups'],
    description: 'Claims that hold groups; as `AUTH_ROLES_CLAIM`.',
  },
  OIDC_GROUPS_ALLOWLIST: {
    type: 'array',
    items: { type: 'string' },
    unset: 'every group is kept',
    description: 'Groups that are kept: exact names, or prefixes that end in `/`.',
    examples: ['ops,/teams/'],
  },
} as const satisfies Variables

const bearer = {
  AUTH_ALLOWED_AUDIENCES: {
    type: 'array',
    items: { type: 'string' },
    unset: 'bearer tokens are refused, except those of `issuers` in the file',
    description:
      'Audiences of which a bearer token must have one: what the provider writes into `aud` for your apps. Setting it makes the gateway take access tokens.',
    examples: ['https://api.example.com', 'api,reports'],
    aliases: ['AUTH_AUDIENCE', 'KEYCLOAK_AUDIENCE'],
  },
  AUTH_TRUSTED_ISSUERS: {
    type: 'array',
    items: { type: 'string' },
    unset: '`OIDC_ISSUER`',
    description:
      "Issuers whose tokens are taken, each exactly as it spells itself. Those of the providers count with the provider's settings; tokens of others give no roles and no groups. More is said of an issuer under `issuers` in the file.",
    examples: ['https://keycloak.example.com/realms/main,https://partner.example.com'],
  },
  AUTH_JWKS_URI: {
    type: 'string',
    unset: 'what the metadata of `OIDC_ISSUER` says',
    description: "Where the keys of `OIDC_ISSUER`'s bearer tokens are.",
    examples: ['https://keycloak.example.com/realms/main/protocol/openid-connect/certs'],
    aliases: ['KEYCLOAK_JWKS_URI'],
  },
  AUTH_REQUIRED_SCOPE: {
    type: 'array',
    items: { type: 'string' },
    unset: 'none',
    description: 'Scopes that every bearer token must have, all of them.',
    examples: ['api'],
  },
} as const satisfies Variables

const network = {
  TRUSTED_PROXIES: {
    type: 'array',
    items: { type: 'string' },
    default: ['127.0.0.0/8', '::1'],
    description:
      'Who may ask for decisions: addresses, CIDRs, host names, or `private_ranges` for all private networks. All addresses (`0.0.0.0/0`) are refused.',
    examples: ['traefik', '10.0.0.0/8', 'private_ranges'],
  },
  PROXY: {
    type: 'array',
    items: { enum: ['traefik', 'caddy', 'kong', 'haproxy', 'nginx', 'envoy'] },
    default: ['traefik'],
    description:
      'Which proxies ask: it says which validate routes exist. nginx asks at `/validate/nginx`, Envoy at `/validate/envoy`, the others at `/validate`.',
  },
  IDENTITY_HEADERS: {
    type: 'array',
    items: { enum: headerSets },
    default: ['x-user'],
    description:
      'Sets of identity headers that apps receive: `x-user` (`x-user-id` and the others, encoded), `remote` (`Remote-User`, `-Email`, `-Name`, `-Groups`), `x-auth-request` and `x-forwarded` (as oauth2-proxy: `-User`, `-Email`, `-Preferred-Username`, `-Groups`), `x-webauth` (`-User`, `-Email`, `-Name`, `-Groups`). All but `x-user` are UTF-8 as it is.',
  },
  PASS_TOKEN: {
    enum: ['off', 'access', 'id'],
    default: 'off',
    description:
      "Passes apps the session's access token or id token as `Authorization: Bearer`, or the caller's own; never an expired one.",
  },
  AUTH_ASSERTION: {
    type: 'boolean',
    default: false,
    description:
      'Adds `x-auth-assertion`: who is asking, as a JWT (ES256, five minutes at most) that apps check with `/.well-known/jwks.json`.',
  },
  INTERNAL_HMAC_KEY: {
    type: 'array',
    items: { type: 'string' },
    unset: 'requests are not signed',
    description:
      'Signs each request with its identity headers (`x-authz-signature`, `x-authz-ts`, `x-authz-kid`): 32 or more random bytes that the apps know too. Several for rotation: the first signs.',
    secret: true,
  },
  HOST: {
    type: 'string',
    default: '0.0.0.0',
    description: 'Address the listeners bind to.',
    examples: ['127.0.0.1'],
  },
  PORT: {
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
    default: 8080,
    description: 'Port of the public listener; 0 takes a free one.',
  },
  OPS_PORT: {
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
    default: 9090,
    description: "Port of the operators' listener (`/livez`, `/readyz`, `/metrics`, `/events`).",
  },
  ADMIN_TOKEN: {
    type: 'array',
    items: { type: 'string' },
    unset: 'there is no `/events`',
    description:
      "Opens `/events` of the operators' listener (`Authorization: Bearer`), which tells of sessions that end: 32 or more random bytes, as from `openssl rand -base64 32`. Several, separated by commas, for rotation: each opens it.",
    secret: true,
  },
  TLS_PORT: {
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
    unset: 'no listener for TLS',
    description:
      'Port of a second public listener, with TLS and HTTP/2 (HTTP/1.1 too). Over HTTP/2 a proxy asks for all its decisions on one connection, which is much faster. It needs `TLS_CERT_FILE` and `TLS_KEY_FILE`.',
    examples: ['8443'],
  },
  TLS_CERT: {
    type: 'string',
    unset: 'required with `TLS_PORT`',
    description:
      "Certificate of the listener for TLS, and those between it and a root, in PEM, the server's own first; usually given as `TLS_CERT_FILE`. Read at the start: after a renewal, restart the gateway.",
  },
  TLS_KEY: {
    type: 'string',
    unset: 'required with `TLS_PORT`',
    description:
      'Private key of that certificate, in PEM and not encrypted; usually given as `TLS_KEY_FILE`. Read at the start.',
    secret: true,
  },
  LOG_LEVEL: {
    enum: ['trace', 'debug', 'info', 'warn', 'error'],
    default: 'info',
    description: 'Least severe log lines that are written.',
  },
} as const satisfies Variables

const file = {
  CONFIG_FILE: {
    type: 'string',
    unset: 'no file',
    description:
      'YAML file with rules, apps, providers, issuers, keys and more ([its reference](configuration-file.md)), read again when it changes.',
    examples: ['/etc/gatehouse/gatehouse.yaml'],
  },
} as const satisfies Variables

const weakening = {
  AUTH_ENABLED: {
    type: 'boolean',
    default: true,
    description:
      '`false` passes everyone as anonymous. It needs `ALLOW_INSECURE=true` unless `PUBLIC_URL` is on a local host.',
  },
  AUTH_MODE: {
    enum: ['kong_headers', 'direct_keycloak', 'bypass'],
    default: 'kong_headers',
    description:
      "`kong_headers` is the normal decision; the gateway itself never reads a proxy's identity headers. `direct_keycloak` asks the provider of `OIDC_ISSUER` about each of its bearer tokens (introspection). `bypass`, for tests, passes everyone as `AUTH_BYPASS_USER`; it needs `ALLOW_INSECURE=true` unless `PUBLIC_URL` is on a local host.",
  },
  AUTH_BYPASS_USER: {
    type: 'string',
    unset: '`testuser:admin,user`',
    description:
      'Who everyone is with `AUTH_MODE=bypass`: a user name, and after a colon the roles.',
    examples: ['testuser:admin,user'],
  },
  ALLOW_INSECURE: {
    type: 'boolean',
    default: false,
    description:
      'Accepts settings that weaken security: `AUTH_ENABLED=false`, `AUTH_MODE=bypass`, and an http issuer that is not on a local host.',
  },
} as const satisfies Variables

/** The headings of the reference, each with its variables. */
export const sections: Readonly<Record<string, Variables>> = {
  'Pages, hosts and cookies': pages,
  'Configuration file': file,
  'Who signs in': signIn,
  'OpenID provider': provider,
  'Sessions and their store': sessions,
  'Roles and groups': claims,
  'Bearer tokens': bearer,
  'Listeners and proxies': network,
  'Switches that weaken security': weakening,
}

/** Every variable this version knows: the single source of types, defaults, reference and output. */
export const variables = {
  type: 'object',
  properties: {
    ...pages,
    ...file,
    ...signIn,
    ...provider,
    ...sessions,
    ...claims,
    ...bearer,
    ...network,
    ...weakening,
  },
} as const

type Properties = typeof variables.properties

export type VariableName = keyof Properties

type Defaulted = {
  [Name in VariableName]: Properties[Name] extends { default: unknown } ? Name : never
}[VariableName]

/** The variables as typed values, not yet checked against each other. */
export type Values = {
  readonly [Name in Defaulted]: Readonly<XStatic<Properties[Name]>>
} & {
  readonly [Name in Exclude<VariableName, Defaulted>]?: Readonly<XStatic<Properties[Name]>>
}

/** The names in the order of the reference. */
export const variableNames = Object.keys(variables.properties) as readonly VariableName[]

/** What is known of a variable, seen without its own type. */
export function describeVariable(name: VariableName): Variable {
  return variables.properties[name]
}

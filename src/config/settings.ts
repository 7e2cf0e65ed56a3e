import type { Statement } from '../model/access-policy.ts'
import type { AllowList } from '../model/allow.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { App } from '../model/app.ts'
import type { McpMatch, McpResource } from '../model/mcp.ts'
import type { Limits } from '../model/quota.ts'
import type { Rule } from '../model/rule.ts'
import type { Site } from '../model/site.ts'

/** How the gateway proves itself at the token endpoint (OIDC Core section 9). */
export type ClientAuth = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'

/** One OpenID provider that people sign in with. */
export interface ProviderSettings {
  /** `default` for the only one. */
  readonly name: string
  readonly label: string
  readonly issuer: string
  /** Origin for server-side calls, where it differs from the issuer's. */
  readonly internalOrigin?: string
  readonly clientId: string
  readonly clientSecret?: string
  /** PKCS #8 PEM, for `private_key_jwt`. */
  readonly clientPrivateKey?: string
  readonly clientAuth: ClientAuth
  readonly scopes: string
  readonly prompt?: string
  readonly authorizationParams: Readonly<Record<string, string>>
  readonly pushedAuthorizationRequests: boolean
  /** PEM of the certificate authorities to trust for this provider's endpoints. */
  readonly ca?: string
  /** Who of those it signs in is let in; absent: everyone. */
  readonly allow?: AllowList
  readonly claims: ClaimSettings
}

/** Which claims count; names or dotted paths. */
export interface ClaimSettings {
  /** All of them are read. */
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** Exact names, or prefixes that end in a slash; empty keeps every group. */
  readonly groupsAllowlist: readonly string[]
  /** Those that own headers of apps hold, and those that conditions ask about. */
  readonly kept: readonly string[]
  /** Verified e-mail addresses, in lower case, that give the role `admin`. */
  readonly admins: readonly string[]
}

/** A host the gateway answers for: exact, or `*.` before one or more labels. */
export interface HostPattern {
  /** Lower case, without `*.`. */
  readonly name: string
  readonly wildcard: boolean
  /** Absent: the scheme's default port or `PUBLIC_URL`'s. */
  readonly port?: string
}

/** One app, and the hosts it has. */
export interface AppSettings extends App {
  readonly hosts: readonly HostPattern[]
  /** They come before those of every app. */
  readonly rules: readonly RuleSettings[]
}

/** A rule, and the requests it is about; what is absent does not matter to it. */
export interface RuleSettings extends Rule {
  readonly match: {
    readonly hosts?: readonly HostPattern[]
    /**
     * Each begins with a slash. Segments are literal, percent-decoded texts, `*` (any one), `**` (any
     * number, also none) or `{name}` (any one, named).
     */
    readonly paths?: readonly string[]
    readonly methods?: readonly string[]
    /** Addresses and CIDRs of clients. */
    readonly networks?: readonly string[]
    /** MCP messages. On the paths of such a rule, those that are not known are refused. */
    readonly mcp?: McpMatch
  }
}

/** An issuer whose access tokens are taken. */
export interface IssuerSettings {
  /** Of the provider where the issuer is one to sign in with. */
  readonly name: string
  readonly issuer: string
  readonly internalOrigin?: string
  readonly ca?: string
  /** A token has one of them. */
  readonly audiences: readonly string[]
  /** Audiences of tokens that are good for MCP resources alone. */
  readonly resourceAudiences?: readonly string[]
  readonly algorithms: readonly string[]
  /** Where its keys are, in place of what its metadata says. */
  readonly jwksUri?: string
  readonly keyRecheckMs: number
  /** Clients whose tokens are taken (`azp`, `client_id`); absent: all. */
  readonly clients?: readonly string[]
  /** Which tokens are asked about (RFC 7662): those that say too little themselves, or all. */
  readonly introspection: 'off' | 'opaque' | 'always'
  /** How the gateway proves itself to be told about tokens. */
  readonly client?: Pick<
    ProviderSettings,
    'clientId' | 'clientSecret' | 'clientPrivateKey' | 'clientAuth'
  >
  readonly requiredScopes: readonly string[]
  /** Which of its users are let in; absent: all. */
  readonly allow?: AllowList
  readonly claims: ClaimSettings
  /** Whether own headers of apps and conditions may use its claims. */
  readonly trustsClaims: boolean
  /** Claims that make a token a service's, with the values that do; a list claim has one of them. */
  readonly serviceMarkers: Readonly<Record<string, readonly string[]>>
}

export type ProxyName = 'traefik' | 'caddy' | 'kong' | 'haproxy' | 'nginx' | 'envoy'

/** One entry for each root domain; the first is the default. */
export type Sites = readonly [Site, ...Site[]]

/** Everything the gateway was told, checked and frozen. Durations are milliseconds. */
export interface Settings {
  readonly listen: {
    readonly host: string
    readonly port: number
    readonly opsPort: number
    /** Certificates (the server's own first) and key are PEM. */
    readonly tls?: { readonly port: number; readonly cert: string; readonly key: string }
  }
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly sites: Sites
  /** Starts with a slash, no trailing slash: `/auth`. */
  readonly authPath: string
  /** Empty: nobody can sign in. */
  readonly providers: readonly ProviderSettings[]
  /** One for all hosts where the settings name none. */
  readonly apps: readonly [AppSettings, ...AppSettings[]]
  /** Whether the apps are those of `CONFIG_FILE`. */
  readonly namesApps: boolean
  /** Addresses, CIDRs and host names; `private_ranges` is already resolved to its CIDRs. */
  readonly trustedProxies: readonly string[]
  readonly proxies: readonly ProxyName[]
  readonly session: {
    /** The first signs and seals, all verify and open. */
    readonly secrets: readonly [string, ...string[]]
    readonly maxAgeMs: number
    readonly idleMs?: number
    readonly staleMs: number
    readonly withoutRefresh: 'token' | 'max_age'
  }
  readonly store:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'valkey'; readonly url: string }
  /** Whether apps get a signed assertion of who is asking. */
  readonly assertion: boolean
  /** Keys that sign requests for apps; the first signs. Empty: they are not signed. */
  readonly signatureKeys: readonly string[]
  /** Each opens the operators' feed. Empty: there is none. */
  readonly adminTokens: readonly string[]
  readonly csrfCheck: boolean
  /** Path on the site, or an absolute URL on an app host. */
  readonly postLoginUrl: string
  readonly postLogoutUrl: string
  /** Rules for every app, after its own. */
  readonly rules: readonly RuleSettings[]
  /** What holds where no rule matches. */
  readonly defaultRule: Rule
  /** Judges the requests that name a resource: forbidden, then permitted, else refused. */
  readonly accessPolicy: readonly Statement[]
  /** From claims (names or dotted paths) to the attributes that conditions ask about. */
  readonly claimsMapping: Readonly<Record<string, string>>
  /** Limits of all requests of a caller that no public rule passes. */
  readonly quota: Limits
  readonly keys: readonly ApiKey[]
  /** Whose access tokens are taken; empty: nobody's. */
  readonly issuers: readonly IssuerSettings[]
  readonly mcp: readonly McpResource[]
  /** False passes everyone as anonymous. */
  readonly authEnabled: boolean
  /** In whose name everyone passes, for tests. */
  readonly bypass?: { readonly username: string; readonly roles: readonly string[] }
}

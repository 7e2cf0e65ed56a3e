import type { AllowList } from '../model/allow.ts'
import type { App } from '../model/app.ts'
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
  /** Those that own headers of apps hold. */
  readonly kept: readonly string[]
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
}

export type ProxyName = 'traefik' | 'caddy' | 'kong' | 'haproxy'

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
  readonly csrfCheck: boolean
  /** Path on the site, or an absolute URL on an app host. */
  readonly postLoginUrl: string
  readonly postLogoutUrl: string
  /** False passes everyone as anonymous. */
  readonly authEnabled: boolean
}

/** A protected resource that speaks the Model Context Protocol (RFC 9728). */
export interface McpResource {
  readonly name: string
  /** Its canonical URI, as clients and tokens name it (RFC 8707 section 2). */
  readonly resource: string
  /** As `OriginalRequest` has hosts. */
  readonly host: string
  /** Path of the URI without a slash at the end, empty for the whole host; what is below belongs to it. */
  readonly path: string
  /** For people. */
  readonly title?: string
  /** Names of the issuers whose tokens it takes. */
  readonly issuers: readonly [string, ...string[]]
  /** What every request to it needs. */
  readonly scopes: readonly string[]
  /** What a token needs to be of use to it: the above, and what each of its issuers' tokens must have. */
  readonly challengedScopes: readonly string[]
  /** A token has one of them. */
  readonly audiences: readonly string[]
  /** Whether clients may register at its first issuer by way of the gateway (RFC 7591). */
  readonly clientRegistration: boolean
}

/** The headers by which a client tells intermediaries of its message, as received. */
export interface McpHeaders {
  readonly version: string | undefined
  readonly method: string | undefined
  readonly name: string | undefined
  /** Name of one that is there twice. */
  readonly doubled: string | undefined
}

/**
 * The lists of names that rules have, by the method whose messages name something (2026-07-28,
 * "Standard Request Headers").
 */
export const namingMethods = {
  'tools/call': 'tools',
  'resources/read': 'resources',
  'prompts/get': 'prompts',
} as const

export type McpNameList = (typeof namingMethods)[keyof typeof namingMethods]

/** A message of a client, as far as it is told in headers. */
export interface McpMessage {
  readonly kind: 'message'
  readonly method: string
  /** Of the tool, resource or prompt, decoded, where the method needs one. */
  readonly name?: string
  /** Whether the name is a URI that a server may resolve to another one. */
  readonly odd?: true
}

/** What the headers of a request tell of its message. */
export type McpReading = McpMessage | { readonly kind: 'unreadable'; readonly reason: string }

/** Messages that a rule is about. Texts, or beginnings of them with a `*` after. */
export type McpMatch = {
  readonly [list in 'methods' | McpNameList]?: readonly string[]
}

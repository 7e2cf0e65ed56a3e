import type { McpHeaders, McpReading } from './mcp.ts'

/** What the browser or client asked of the proxy, as the proxy describes it: read once, cleaned once. */
export interface OriginalRequest {
  /** One of the HTTP methods, in upper case. */
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** Lower case, without a trailing dot, with the port only where it is not the scheme's default. */
  readonly host: string
  /** The same as received. */
  readonly receivedHost: string
  /** As received, percent-encoding untouched. */
  readonly path: string
  /** With its question mark, or empty. */
  readonly query: string
  /** Address of the client behind the proxies, or of the peer where none is readable. */
  readonly clientAddress: string
  /** The caller's `x-request-id` where it is well formed, else a new one. */
  readonly requestId: string
  /** What a CORS preflight asks about (Fetch standard, section 3.2.2): only where the request is one. */
  readonly preflightMethod?: string
  /** Its MCP message, as far as headers tell of it: only where settings speak of MCP. */
  readonly mcp?: McpReading
  readonly headers: RequestHeaders
}

/** The few headers of the original request that the decision may read. */
export interface RequestHeaders {
  readonly authorization: readonly string[]
  readonly apiKey: string | undefined
  /** All `Cookie` headers, joined. */
  readonly cookie: string
  readonly origin: string | undefined
  readonly accept: string | undefined
  readonly requestedWith: string | undefined
  readonly fetchMode: string | undefined
  readonly fetchDest: string | undefined
  readonly prefetch: boolean
  readonly webSocket: boolean
  readonly mcp: McpHeaders
}

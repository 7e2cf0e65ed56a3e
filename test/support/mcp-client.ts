import type {
  OAuthClientInformationMixed,
  OAuthDiscoveryState,
  OAuthTokens,
} from '@modelcontextprotocol/client'

/**
 * What a client of MCP remembers of its authorization, for SDKs of both generations. Where a browser
 * would be opened, the URL is kept.
 */
export class RememberedAuthorization {
  readonly redirectUrl: string
  #client: OAuthClientInformationMixed | undefined
  #discovered: OAuthDiscoveryState | undefined
  #tokens: OAuthTokens | undefined
  #verifier = ''
  /** Where the browser was to go, in order. */
  readonly authorizations: URL[] = []

  /** @param client - where it is registered already, with where that is */
  constructor(redirectUrl: string, client?: { client_id: string; issuer: string }) {
    this.redirectUrl = redirectUrl
    this.#client = client
  }

  get clientMetadata() {
    return {
      client_name: 'Test client',
      redirect_uris: [this.redirectUrl],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    }
  }

  clientInformation() {
    return this.#client
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.#client = client
  }

  tokens() {
    return this.#tokens
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens
  }

  discoveryState() {
    return this.#discovered
  }

  saveDiscoveryState(discovered: OAuthDiscoveryState): void {
    this.#discovered = discovered
  }

  redirectToAuthorization(url: URL): void {
    this.authorizations.push(url)
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  codeVerifier(): string {
    return this.#verifier
  }
}

/** A list where the source has one; a text may still stand for several, with commas between them. */
export type OptionValue = string | readonly string[]

/** The options of oauth2-proxy that a source sets, by their names in its configuration file. */
export class Options {
  /** How the source spells an option. */
  readonly spelled: (name: string) => string
  readonly #values: ReadonlyMap<string, OptionValue>
  readonly #asked = new Set<string>()

  constructor(values: ReadonlyMap<string, OptionValue>, spelled: (name: string) => string) {
    this.#values = values
    this.spelled = spelled
  }

  /** Undefined where it is not set or empty. */
  text(name: string): string | undefined {
    this.#asked.add(name)
    const value = this.#values.get(name)
    const text = typeof value === 'string' ? value : value?.join(',')
    return text?.trim() || undefined
  }

  list(name: string): string[] {
    this.#asked.add(name)
    const value = this.#values.get(name) ?? []
    const items = typeof value === 'string' ? value.split(',') : value
    return items.map((item) => item.trim()).filter((item) => item !== '')
  }

  /** @param unset - what holds where it is not set */
  flag(name: string, unset = false): boolean {
    const text = this.text(name)
    return text === undefined ? unset : /^(?:1|t|true)$/i.test(text)
  }

  /** Names that are set, and that nobody has asked about. */
  unasked(): string[] {
    return [...this.#values.keys()].filter((name) => !this.#asked.has(name)).sort()
  }
}

/** Options that may be given several times: in the file and the environment they end in an s. */
const repeated = new Set([
  ...['allowed_groups', 'allowed_roles', 'api_routes', 'cookie_domains', 'email_domains'],
  ...['entra_id_allowed_tenants', 'exclude_logging_paths', 'github_users', 'gitlab_groups'],
  ...['gitlab_projects', 'google_groups', 'htpasswd_user_groups', 'keycloak_groups'],
  ...['oidc_audience_claims', 'oidc_extra_audiences', 'oidc_public_key_files'],
  ...['provider_ca_files', 'skip_auth_routes', 'tls_cipher_suites', 'trusted_ips'],
  ...['trusted_proxy_ips', 'upstreams', 'whitelist_domains'],
])

/** The name in the configuration file, of a flag or of any spelling with and without the s. */
export function optionName(written: string): string {
  const name = written.toLowerCase().replaceAll('-', '_')
  return repeated.has(`${name}s`) ? `${name}s` : name
}

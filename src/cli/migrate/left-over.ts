import type { Migration } from './migration.ts'

/** What holds in place of options that have no counterpart, and their names. */
const advice: readonly (readonly [string, string])[] = [
  [
    'is found by the issuer: its discovery document has every address and key',
    'login_url redeem_url profile_url validate_url oidc_jwks_url skip_oidc_discovery skip_claims_from_profile_url oidc_public_key_files pubjwk_url azure_tenant azure_graph_group_field',
  ],
  [
    'is always checked: issuer, audience and nonce, and for email: and domain: that the address is verified',
    'insecure_oidc_skip_issuer_verification insecure_oidc_skip_nonce insecure_oidc_allow_unverified_email oidc_audience_claims',
  ],
  [
    'certificates are always checked: name the authority in OIDC_CA_FILE',
    'ssl_insecure_skip_verify use_system_trust_store',
  ],
  [
    'NODE_EXTRA_CA_CERTS names an authority for the store; its certificate is always checked',
    'redis_ca_path redis_insecure_skip_tls_verify',
  ],
  [
    'belongs into STORE_URL, which names one server: the primary, or a proxy before it',
    'redis_password redis_username redis_connection_idle_timeout redis_cluster_connection_urls redis_sentinel_connection_urls redis_sentinel_master_name redis_sentinel_password redis_use_cluster redis_use_sentinel',
  ],
  ['PKCE with S256 is always used', 'code_challenge_method force_code_challenge_method'],
  ['OIDC_PROMPT says it', 'approval_prompt'],
  [
    'a key in place of a secret: OIDC_CLIENT_AUTH=private_key_jwt and OIDC_CLIENT_PRIVATE_KEY_FILE',
    'jwt_key jwt_key_file entra_id_federated_token_auth',
  ],
  [
    'is not asked: groups are those of the tokens',
    'github_token google_admin_email google_service_account_json google_use_application_default_credentials google_target_principal gitlab_projects',
  ],
  [
    'there are no passwords here: those people need accounts at the provider',
    'htpasswd_file htpasswd_user_groups display_htpasswd_form',
  ],
  ['SESSION_SECRET is a new one: forget the old', 'cookie_secret cookie_secret_file'],
  ['tokens are refreshed by themselves, near their end', 'cookie_refresh'],
  [
    'is always so: HttpOnly, for every path, and Secure on https',
    'cookie_httponly cookie_path cookie_secure',
  ],
  [
    'sign-ins in several tabs do not disturb each other, and the cookie holds an id alone',
    'cookie_csrf_per_request cookie_csrf_per_request_limit cookie_csrf_expire cookie_csrf_samesite encode_state session_cookie_minimal',
  ],
  [
    'is decided for each request: pages are sent to sign in, programs get 401 with JSON',
    'api_routes force_json_errors skip_provider_button',
  ],
  ['sign-out ends the session at the provider, too', 'backend_logout_url'],
  [
    'AUTH_ASSERTION or INTERNAL_HMAC_KEY prove to apps who asks; passwords do not',
    'basic_auth_password set_basic_auth signature_key',
  ],
  ['the recipe takes away what clients send under these names', 'skip_auth_strip_headers'],
  [
    'is what your proxy does',
    'force_https pass_host_header proxy_websockets flush_interval upstream_timeout ssl_upstream_insecure_skip_verify allow_query_semicolons',
  ],
  [
    'the client is who X-Forwarded-For names, of a proxy in TRUSTED_PROXIES',
    'real_client_ip_header reverse_proxy',
  ],
  ['the gateway listens where HOST and PORT say, 0.0.0.0:8080', 'http_address'],
  [
    'TLS_PORT, TLS_CERT_FILE and TLS_KEY_FILE are a listener with TLS',
    'https_address tls_cert_file tls_key_file tls_min_version tls_cipher_suites',
  ],
  [
    'OPS_PORT has /livez, /readyz and /metrics',
    'ping_path ping_user_agent ready_path gcp_healthchecks metrics_address metrics_secure_address metrics_tls_cert_file metrics_tls_key_file',
  ],
  [
    'the log is a line of JSON for each request (LOG_LEVEL)',
    'auth_logging auth_logging_format errors_to_info_log exclude_logging_paths logging_compress logging_filename logging_local_time logging_max_age logging_max_backups logging_max_size request_logging request_logging_format silence_ping_logging standard_logging standard_logging_format show_debug_on_error request_id_header',
  ],
  ["the pages are the gateway's own", 'banner footer custom_sign_in_logo custom_templates_dir'],
  ['the redirect URI is that of PUBLIC_URL', 'relative_redirect_url'],
  [
    'is not read: run the command for that file as well; of the alpha configuration, give the options that it stands for',
    'config alpha_config',
  ],
]

/** What may say who is let in, in a version of oauth2-proxy that this command does not know. */
const restricting = /allow|group|role|team|org|domain|tenant|user|email|require/

/** Names every option that no other part of the migration has asked about. */
export function leaveOthers(migration: Migration): void {
  const left = new Set(migration.options.unasked())
  for (const [text, names] of advice) {
    const found = names.split(' ').filter((name) => left.delete(name))
    if (found.length > 0) migration.leave(text, ...found)
  }
  for (const name of left) {
    if (restricting.test(name))
      migration.lock(
        'is not known to this command, and may say who is let in: say it in ALLOW',
        name,
      )
    else migration.leave('is not known to this command: look up what it does', name)
  }
}

import { lines, type RecipeNames } from './names.ts'

/** Envoy removes what `x-envoy-auth-headers-to-remove` names, and replaces what the answer holds. */
export function envoy({ identity, passesToken }: RecipeNames): string {
  const token = `
            # For apps that are passed a token, and for no other: it takes the client's own Authorization away.
            # - exact: authorization`
  return `# Envoy, the HTTP filter before the router, and the cluster. PROXY=envoy and TRUSTED_PROXIES=<address of
# Envoy> on the gateway. In the connection manager: use_remote_address: true, and upgrade_configs for WebSockets.
# The whole of it: deploy/envoy.
http_filters:
  - name: envoy.filters.http.ext_authz
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
      # No failure_mode_allow: a gateway that does not answer must let nobody pass.
      status_on_error: { code: ServiceUnavailable }
      # The gateway has to see the whole request to refuse disguised headers.
      allowed_headers:
        patterns: [{ safe_regex: { regex: ".*" } }]
      # But for what makes a WebSocket of the call itself.
      disallowed_headers:
        patterns: [{ exact: connection }, { exact: upgrade }]
      http_service:
        # Envoy's own 200 ms are too short for a refresh of tokens.
        server_uri: { uri: "http://gatehouse:8080", cluster: gatehouse, timeout: 15s }
        path_prefix: /validate/envoy
        authorization_response:
          allowed_upstream_headers:
            patterns:
${lines(identity, (name) => `            - exact: ${name}`)}${passesToken ? token : ''}
clusters:
  - name: gatehouse
    type: STRICT_DNS
    load_assignment:
      cluster_name: gatehouse
      endpoints:
        - lb_endpoints:
            - endpoint: { address: { socket_address: { address: gatehouse, port_value: 8080 } } }`
}

import type { RecipeNames } from './names.ts'

/** Our script asks, deletes and sets. Where Lua fails HAProxy goes on: the deny rule is what guards. */
export function haproxy({ identity, passesToken }: RecipeNames): string {
  const token = `
    # For apps that are passed a token, and for no other: lua.gatehouse-token in a section like this one. It
    # takes the client's own authorization away.`
  return `# HAProxy 3.0 with deploy/haproxy/gatehouse.lua. The whole of it: deploy/haproxy/haproxy.cfg.
# PROXY=haproxy and TRUSTED_PROXIES=<address of HAProxy> on the gateway.
global
    # The script, and every identity header: it takes each from the gateway and from nobody else.
    lua-load-per-thread /usr/local/etc/haproxy/gatehouse.lua ${identity.join(',')}
    httpclient.retries 1
    httpclient.timeout.connect 2s

defaults web
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h

# Every backend of an app is made "from guarded": its requests are asked about, and nobody else passes.
defaults guarded from web
    http-request lua.gatehouse http://gatehouse:8080/validate
    http-request deny deny_status 503 unless { var(txn.gatehouse) -m str pass }${passesToken ? token : ''}

backend app from guarded
    server app app:8080

# The gateway's own pages, for their host.
backend gatehouse from web
    server gatehouse gatehouse:8080`
}

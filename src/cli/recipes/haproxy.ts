import { lines, type RecipeNames, variable } from './names.ts'

/** `set-header` takes the place of every value that a client sent. */
export function haproxy({ identity, passesToken }: RecipeNames): string {
  const set = (name: string) =>
    `http-request set-header ${name} %[var(req.auth_response_header.${variable(name)})]`
  const token = `
    # For apps that are passed a token, and for no other: it takes the client's own Authorization away.
    # ${set('authorization')}`
  return `# HAProxy 3.0 with haproxy-auth-request (lua-load auth-request.lua in global).
# PROXY=haproxy and TRUSTED_PROXIES=<address of HAProxy> on the gateway.
frontend apps
    mode http
    # What describes the request to the gateway, in place of what a client sent under these names.
    http-request set-header X-Forwarded-Method %[method]
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Uri %[pathq]
    http-request set-header X-Forwarded-For %[src]
    http-request lua.auth-request gatehouse /validate
    http-request redirect location %[var(txn.auth_response_location)] if { var(txn.auth_response_location) -m found }
    http-request deny deny_status 400 if { var(txn.auth_response_code) -m int 400 }
    http-request deny deny_status 401 if { var(txn.auth_response_code) -m int 401 }
    http-request deny deny_status 403 if { var(txn.auth_response_code) -m int 403 }
    http-request deny deny_status 429 if { var(txn.auth_response_code) -m int 429 }
    http-request deny deny_status 503 if ! { var(txn.auth_response_successful) -m bool }
${lines(identity, (name) => `    ${set(name)}`)}${passesToken ? token : ''}
    default_backend app

backend gatehouse
    mode http
    server gatehouse gatehouse:8080

backend app
    mode http
    server app app:80`
}

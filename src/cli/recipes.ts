import { identityHeaderNames } from '../model/header-names.ts'

const lines = (format: (name: string) => string, names: readonly string[] = identityHeaderNames) =>
  names.map(format).join('\n')

// The request id is the one name a client may choose: apps and logs follow it.
const removedNames = identityHeaderNames.filter((name) => name !== 'x-request-id')

const traefik = `# Traefik, as a file of its dynamic configuration.
# Every header is named: Traefik removes it from the client's request, then sets the gateway's.
# A pattern (authResponseHeadersRegex) would remove headers of other programs too.
# No authRequestHeaders: the gateway has to see the whole request to refuse disguised headers.
# Let the gateway trust Traefik: TRUSTED_PROXIES=traefik, or its address.
http:
  middlewares:
    gatehouse:
      forwardAuth:
        address: http://gatehouse:8080/validate
        trustForwardHeader: false
        authResponseHeaders:
${lines((name) => `          - ${name}`)}
---
# The same as labels, for the gateway's container. The router of an app then has
# traefik.http.routers.<router>.middlewares: gatehouse@docker
labels:
  traefik.http.middlewares.gatehouse.forwardauth.address: http://gatehouse:8080/validate
  traefik.http.middlewares.gatehouse.forwardauth.trustForwardHeader: "false"
  traefik.http.middlewares.gatehouse.forwardauth.authResponseHeaders: ${identityHeaderNames.join(',')}`

const caddy = `# Caddy, for one app. PROXY=caddy and TRUSTED_PROXIES=caddy (or its address) on the gateway.
app.example.com {
	# The order counts, and only route keeps it: outside, request_header would run last.
	route {
		# Caddy 2.10 and 2.11.0 keep the client's value of a header the gateway sends empty.
${lines((name) => `		request_header -${name}`, removedNames)}
		forward_auth gatehouse:8080 {
			uri /validate
			copy_headers {
${lines((name) => `				${name}`)}
			}
		}
		reverse_proxy app:80
	}
}`

/** What to paste into a proxy, by its name. Kong and HAProxy follow with recipes that were tried. */
export const recipes: ReadonlyMap<string, string> = new Map([
  ['traefik', traefik],
  ['caddy', caddy],
])

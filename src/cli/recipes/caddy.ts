import { lines, type RecipeNames } from './names.ts'

/** Caddy up to 2.11.1 keeps the client's value of a header that the answer leaves out. */
export function caddy({ identity, passesToken }: RecipeNames): string {
  // The request id is the one name a client may choose: apps and logs follow it.
  const removed = identity.filter((name) => name !== 'x-request-id')
  const token = `
				# For apps that are passed a token, and for no other: it takes the client's own Authorization away.
				# authorization`
  return `# Caddy, for one app. PROXY=caddy and TRUSTED_PROXIES=caddy (or its address) on the gateway. The whole of it, with
# the gateway's own pages: deploy/caddy.
app.example.com {
	# The order counts, and only route keeps it: outside, request_header would run last.
	route {
		# Connection would take away what it names, the gateway's headers too.
		@websocket header_regexp Upgrade (?i)^websocket$
		@other not header_regexp Upgrade (?i)^websocket$
		request_header @websocket Connection Upgrade
		request_header @other -Connection
		request_header @other -Upgrade
		# Caddy 2.10.0 to 2.11.1 keep the client's value of a header that the gateway sends empty.
${lines(removed, (name) => `		request_header -${name}`)}
		forward_auth gatehouse:8080 {
			uri /validate
			copy_headers {
${lines(identity, (name) => `				${name}`)}${passesToken ? token : ''}
			}
		}
		reverse_proxy app:8080
	}
}`
}

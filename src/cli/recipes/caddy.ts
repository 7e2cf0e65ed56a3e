import { lines, type RecipeNames } from './names.ts'

/** Caddy up to 2.11.1 keeps the client's value of a header that the answer leaves out. */
export function caddy({ identity, passesToken }: RecipeNames): string {
  // The request id is the one name a client may choose: apps and logs follow it.
  const removed = identity.filter((name) => name !== 'x-request-id')
  const token = `
				# For apps that are passed a token, and for no other: it takes the client's own Authorization away.
				# authorization`
  return `# Caddy, for one app. PROXY=caddy and TRUSTED_PROXIES=caddy (or its address) on the gateway.
app.example.com {
	# The order counts, and only route keeps it: outside, request_header would run last.
	route {
		# Caddy 2.10 and 2.11.0 keep the client's value of a header the gateway sends empty.
${lines(removed, (name) => `		request_header -${name}`)}
		forward_auth gatehouse:8080 {
			uri /validate
			copy_headers {
${lines(identity, (name) => `				${name}`)}${passesToken ? token : ''}
			}
		}
		reverse_proxy app:80
	}
}`
}

import type { Agent } from '../../support/agent.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import { exchange } from './exchange.ts'
import { app, auth, stack } from './stack.ts'

/** What one replica of the stack, asked past Traefik, says of an agent who wants to open the app. */
export function validateAt(replica: 0 | 1, agent: Agent): Promise<RawAnswer> {
  return validate(stack.replicas[replica], `${app}/`, agent)
}

/** One validate call as Traefik makes it for an API caller; `port` is the gateway's. */
export function validate(port: number, url: string, agent: Agent): Promise<RawAnswer> {
  const { host, protocol, pathname, search } = new URL(url)
  return exchange(`http://127.0.0.1:${port}/validate`, {
    headers: {
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': protocol.slice(0, -1),
      'x-forwarded-host': host,
      'x-forwarded-uri': pathname + search,
      'x-forwarded-for': '203.0.113.7',
      accept: 'application/json',
      cookie: agent.cookies.header(new URL(url)),
    },
  })
}

/** Signs an agent out at one replica, past Traefik, as an app's script would. */
export function signOutAt(replica: 0 | 1, agent: Agent): Promise<RawAnswer> {
  return exchange(`${auth}/auth/logout`, {
    method: 'POST',
    port: stack.replicas[replica],
    headers: {
      accept: 'application/json',
      origin: auth,
      cookie: agent.cookies.header(new URL(auth)),
    },
  })
}

import type { TestedProxy } from './proxy.ts'

export const caddy: TestedProxy = {
  name: 'Caddy',
  id: 'caddy',
  folder: 'caddy',
  image: 'caddy:2',
  port: 443,
  lacks: ['open WebSockets by HTTP/2'],
  notes: {
    'H-02 nor does it in disguise, by underscores or dots':
      'Caddy drops such headers itself; the others answer 400.',
    'H-04 Connection does not take the identity away':
      'By the `request_header` lines for `Connection`. Without them the app loses what `Connection` names.',
    'F-01 while the gateway is down, nobody passes': '502.',
  },
}

/** The last one that keeps the client's value of a header that the gateway sends empty. */
export const caddyOld: TestedProxy = {
  ...caddy,
  name: 'Caddy 2.11.1',
  id: 'caddy-old',
  image: 'caddy:2.11.1',
  optional: true,
}

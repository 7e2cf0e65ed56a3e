import type { TestedProxy } from './proxy.ts'

export const haproxy: TestedProxy = {
  name: 'HAProxy',
  id: 'haproxy',
  folder: 'haproxy',
  image: 'haproxy:3.0',
  port: 8443,
  notes: {
    'H-04 Connection does not take the identity away': '400, by the script.',
    'by HTTP/2 all is the same: cookies in pieces, and WebSockets where they are offered':
      'WebSockets too (RFC 8441). The others leave them to HTTP/1.1.',
    'D-01 more than anybody takes is refused, and the next request is answered':
      '400: a request has to fit into `tune.bufsize`, 16 KB.',
    'F-01 while the gateway is down, nobody passes': '503.',
  },
}

import type { TestedProxy } from './proxy.ts'

export const envoy: TestedProxy = {
  name: 'Envoy',
  id: 'envoy',
  folder: 'envoy',
  image: 'envoyproxy/envoy:v1.40-latest',
  port: 8443,
  optional: true,
  lacks: ['open WebSockets by HTTP/2'],
}

/** What `ext_authz` does, by the settings of `deploy/envoy/envoy.yaml`. */
export const envoyProtocol: TestedProxy = {
  ...envoy,
  name: 'Envoy’s protocol',
  id: 'envoy-protocol',
  optional: false,
  imitated: true,
  lacks: ['speak HTTP/2'],
  notes: {
    'by HTTP/2 all is the same: cookies in pieces, and WebSockets where they are offered':
      'The imitation speaks HTTP/1.1 only.',
    'F-01 while the gateway is down, nobody passes': '503, by `status_on_error`; 403 without it.',
  },
}

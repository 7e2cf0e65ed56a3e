import type { TestedProxy } from './proxy.ts'

export const traefik: TestedProxy = {
  name: 'Traefik',
  id: 'traefik',
  folder: 'traefik',
  image: 'traefik:v3.6',
  port: 443,
  lacks: ['open WebSockets by HTTP/2'],
  notes: {
    'P-09 to P-16 no spelling of a path leads past its rule':
      'Traefik itself answers 400 to `%2f`, `%5c` and `\\` in a path.',
    'nothing but a WebSocket becomes a connection that nobody judges any more':
      'By the rule of the app’s router, which leaves `h2c` out. Traefik passes upgrades of every kind on.',
    'F-01 while the gateway is down, nobody passes': '500.',
  },
}

export const traefikLabels: TestedProxy = {
  ...traefik,
  name: 'Traefik, labels',
  id: 'traefik-labels',
  composeFile: 'docker-compose.labels.yml',
}

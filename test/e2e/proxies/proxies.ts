import { caddy, caddyOld } from './caddy.ts'
import { envoy, envoyProtocol } from './envoy.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import type { TestedProxy } from './proxy.ts'
import { traefik, traefikLabels } from './traefik.ts'

export const proxies: readonly TestedProxy[] = [
  traefik,
  traefikLabels,
  nginx,
  caddy,
  haproxy,
  envoyProtocol,
  envoy,
  caddyOld,
]

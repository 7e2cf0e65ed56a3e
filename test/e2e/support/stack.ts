import { inject } from 'vitest'

/** What runs for the whole of the end-to-end tests: `docker-compose.yml`, on a free port. */
export interface Stack {
  readonly image: string
  /** Compose project: containers are named `<project>-<service>-<number>`. */
  readonly project: string
  /** Of Traefik; 8000 where that is free. */
  readonly port: number
  /** Of each gateway, past Traefik. */
  readonly replicas: readonly [number, number]
}

declare module 'vitest' {
  export interface ProvidedContext {
    stack: Stack
  }
}

export const stack = inject('stack')

export const app = `http://app.gatehouse.localhost:${stack.port}`
export const auth = `http://auth.gatehouse.localhost:${stack.port}`
export const keycloak = `http://keycloak.gatehouse.localhost:${stack.port}`

export function container(service: string, number = 1): string {
  return `${stack.project}-${service}-${number}`
}

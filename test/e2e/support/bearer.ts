import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GenericContainer, Wait } from 'testcontainers'
import { loadSettings } from '../../../src/config/load.ts'
import { identityHeaderNamesOf } from '../../../src/validate/identity-headers.ts'
import {
  createBearerRealms,
  ours,
  partner,
  removeBearerRealms,
  takenClients,
} from './bearer-realms.ts'
import { docker } from './docker.ts'
import { exchange } from './exchange.ts'
import { keycloakRealm } from './keycloak.ts'
import { runName } from './run-name.ts'
import { container, stack } from './stack.ts'
import { until } from './until.ts'

const rules = ['user', 'service', 'any', 'optional', 'admin', 'counted'] as const
/** Each rule of the gateway has a host; the sample app is behind all of them. */
export type Rule = (typeof rules)[number]

/** Requests that each caller has at `counted`. */
export const quota = 120

/** Where the app is behind a rule. */
export const urlOf = (rule: Rule) => `http://${host(rule)}/`

const host = (name: string) => `${name}.bearer.localhost:${stack.port}`
const authHost = host('auth')
/** The name of all replicas: Traefik connects to each of them. */
const alias = 'bearer'

const rulesFile = `
issuers:
  ours: { issuer: ${keycloakRealm(ours)}, clients: [${takenClients.join(', ')}] }
  partner: { issuer: ${keycloakRealm(partner)}, internal_url: http://keycloak:8080, audiences: [gatehouse] }
rules:
  - { match: { hosts: [user.bearer.localhost] }, access: user }
  - { match: { hosts: [service.bearer.localhost] }, access: service }
  - { match: { hosts: [any.bearer.localhost] }, access: any }
  - { match: { hosts: [optional.bearer.localhost] }, access: optional }
  - { match: { hosts: [admin.bearer.localhost] }, access: user, require: { roles: [admin] } }
  - name: counted
    match: { hosts: [counted.bearer.localhost] }
    access: optional
    quota: { user: ${quota}/day, service: ${quota}/day, anonymous: ${quota}/day }
default: { access: deny }
`

const environment = {
  PUBLIC_URL: `http://${authHost}`,
  COOKIE_DOMAIN: 'bearer.localhost',
  OIDC_ISSUER: keycloakRealm(ours),
  OIDC_INTERNAL_URL: 'http://keycloak:8080',
  OIDC_CLIENT_ID: 'gatehouse',
  OIDC_CLIENT_SECRET: 'example-client-secret-change-me',
  AUTH_ALLOWED_AUDIENCES: 'gatehouse',
  SESSION_SECRET: 'a session secret for the end-to-end tests',
  STORE_URL: 'valkey://valkey:6379/4',
  TRUSTED_PROXIES: 'private_ranges',
  CONFIG_FILE: '/etc/gatehouse.yaml',
}

export interface Bearer extends AsyncDisposable {
  /** Id of anna in our realm, and the `sub` of the partner's. */
  readonly anna: string
}

/**
 * Replicas of a gateway with a rule of each kind, behind the stack's Traefik, and two realms of its
 * Keycloak: our own and a partner's.
 */
export async function startBearer(replicas: number): Promise<Bearer> {
  await using started = new AsyncDisposableStack()
  started.defer(removeBearerRealms)
  const anna = await createBearerRealms(authHost)
  for (let number = 0; number < replicas; number += 1) started.defer(await startReplica(number))
  started.defer(await routeTo())
  await until('Traefik routes to the gateway', async () => {
    return (await ask('user')).status === 401
  })
  const cleanUp = started.move()
  return { anna, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() }
}

export function replicaName(number: number): string {
  return runName(`bearer-${number}`)
}

/** Starts one replica; resolves with what stops it. */
async function startReplica(number: number): Promise<() => Promise<void>> {
  const gateway = await new GenericContainer(stack.image)
    .withName(replicaName(number))
    .withNetworkMode(`${stack.project}_default`)
    .withNetworkAliases(alias)
    .withEnvironment(environment)
    .withCopyContentToContainer([{ content: rulesFile, target: '/etc/gatehouse.yaml' }])
    .withWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(120_000)
    .start()
  return async () => {
    await gateway.stop()
  }
}

/** Puts the hosts of the rules before Traefik's eyes; resolves with what takes them away. */
async function routeTo(): Promise<() => Promise<void>> {
  const loaded = loadSettings(environment, () => rulesFile)
  if (loaded.kind === 'problems') throw new Error(JSON.stringify(loaded.problems))
  const headers = [...identityHeaderNamesOf(loaded.settings), 'x-request-id']
  const hosts = rules.map((rule) => `Host(\`${rule}.bearer.localhost\`)`)
  const file = join(tmpdir(), `${runName('bearer')}.yml`)
  await writeFile(
    file,
    `
http:
  middlewares:
    bearer:
      forwardAuth: { address: "http://${alias}:8080/validate", authResponseHeaders: [${headers.join(', ')}] }
  routers:
    bearer-apps:
      rule: ${hosts.join(' || ')}
      middlewares: [bearer]
      service: app
    bearer-auth:
      rule: Host(\`auth.bearer.localhost\`)
      service: bearer
  services:
    bearer: { loadBalancer: { servers: [{ url: "http://${alias}:8080" }] } }
`,
  )
  const target = '/etc/traefik/dynamic/bearer.yml'
  await docker('cp', file, `${container('traefik')}:${target}`)
  await rm(file)
  return async () => {
    await docker('exec', container('traefik'), 'rm', target)
  }
}

/** What a caller got, and what the app behind the gateway received of the caller. */
export interface Got {
  readonly status: number
  /** Of a refusal. */
  readonly code?: string
  readonly challenge?: string
  readonly retryAfter?: string
  /** Headers that the app received. */
  readonly received: Readonly<Record<string, string>>
}

/** A program's request to the app behind a rule, with an access token or none. */
export async function ask(
  rule: Rule,
  token?: string,
  sent: Readonly<Record<string, string>> = {},
): Promise<Got> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await exchange(`${urlOf(rule)}headers`, {
    headers: { accept: 'application/json', ...sent, ...authorization },
  })
  const { status, headers } = answer
  const { 'www-authenticate': challenge, 'retry-after': retryAfter } = headers
  const body: unknown = answer.status === 404 ? {} : JSON.parse(answer.body)
  if (status === 200) {
    return { status, received: Object.fromEntries(body as [string, string][]) }
  }
  const { code } = body as { code?: string }
  return {
    status,
    received: {},
    ...(code !== undefined && { code }),
    ...(challenge !== undefined && { challenge }),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

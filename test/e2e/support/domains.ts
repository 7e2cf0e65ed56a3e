import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'
import { loadSettings } from '../../../src/config/load.ts'
import { identityHeaderNamesOf } from '../../../src/validate/identity-headers.ts'
import { docker } from './docker.ts'
import { createClient, createRealm, keycloakRealm } from './keycloak.ts'
import { runName } from './run-name.ts'
import { container, stack } from './stack.ts'

export const host = (name: string) => `${name}.localhost:${stack.port}`
const auth = (domain: string) => `http://${host(`auth.${domain}`)}`

/** Somebody of the partner with the user name of one of ours, and somebody of many characters. */
const partnerUsers = [
  { username: 'anna', firstName: 'Anna', lastName: 'Of Partner', groups: ['/ops'] },
  { username: 'lukasz', firstName: 'Łukasz "Łuk"', lastName: 'Żółć', groups: ['/ops', '/Łódź'] },
]

const appsFile = `
providers:
  partner:
    issuer: ${keycloakRealm('partner')}
    internal_url: http://keycloak:8080
    client_id: domains
    client_secret: of-the-domains
    label: Partner Ltd
headers: { X-Given-Name: claims.given_name }
apps:
  grafana: { hosts: [grafana.one.localhost], headers: [x-webauth] }
  plain: { hosts: [app.one.localhost, app.two.localhost], headers: [x-user, remote, x-auth-request, x-forwarded] }
`

const environment = {
  PUBLIC_URL: `${auth('one')},${auth('two')}`,
  COOKIE_DOMAIN: 'one.localhost,two.localhost',
  OIDC_ISSUER: keycloakRealm('gatehouse'),
  OIDC_INTERNAL_URL: 'http://keycloak:8080',
  OIDC_CLIENT_ID: 'domains',
  OIDC_CLIENT_SECRET: 'of-the-domains',
  OIDC_LABEL: 'Our own',
  SESSION_SECRET: 'a session secret for the end-to-end tests',
  STORE_URL: 'valkey://valkey:6379/3',
  TRUSTED_PROXIES: 'private_ranges',
  CONFIG_FILE: '/etc/gatehouse.yaml',
}

/**
 * Two root domains and two realms on one gateway, behind the stack's Traefik: `auth`, `app` and
 * `grafana` under `one.localhost`, `auth` and `app` under `two.localhost`.
 *
 * @param lifetimeSec - of access tokens
 */
export async function startDomains(lifetimeSec: number): Promise<StartedTestContainer> {
  await createRealm('partner', partnerUsers)
  for (const [realm, callback] of [
    ['gatehouse', 'callback'],
    ['partner', 'callback/partner'],
  ] as const) {
    const redirectUris = ['one', 'two'].map((domain) => `${auth(domain)}/auth/${callback}`)
    const loggedOut = ['one', 'two'].map((domain) => `${auth(domain)}/auth/logged-out`)
    await createClient(realm, {
      clientId: 'domains',
      secret: 'of-the-domains',
      redirectUris,
      attributes: {
        'post.logout.redirect.uris': loggedOut.join('##'),
        'access.token.lifespan': String(lifetimeSec),
      },
    })
  }
  const name = runName('domains')
  const gateway = await new GenericContainer(stack.image)
    .withName(name)
    .withNetworkMode(`${stack.project}_default`)
    .withEnvironment(environment)
    .withCopyContentToContainer([{ content: appsFile, target: '/etc/gatehouse.yaml' }])
    .withWaitStrategy(Wait.forHealthCheck())
    .start()
  await routeTo(name)
  return gateway
}

/** Puts routers and a forwardAuth middleware with every header in use before Traefik's eyes. */
async function routeTo(gateway: string): Promise<void> {
  const loaded = loadSettings(environment, () => appsFile)
  if (loaded.kind === 'problems') throw new Error(JSON.stringify(loaded.problems))
  const names = [...identityHeaderNamesOf(loaded.settings), 'x-request-id']
  const file = join(tmpdir(), `${gateway}.yml`)
  await writeFile(
    file,
    `
http:
  middlewares:
    domains:
      forwardAuth: { address: "http://${gateway}:8080/validate", authResponseHeaders: [${names.join(', ')}] }
  routers:
    domains-apps:
      rule: Host(\`app.one.localhost\`) || Host(\`app.two.localhost\`) || Host(\`grafana.one.localhost\`)
      middlewares: [domains]
      service: app
    domains-auth:
      rule: Host(\`auth.one.localhost\`) || Host(\`auth.two.localhost\`)
      service: domains
  services:
    domains: { loadBalancer: { servers: [{ url: "http://${gateway}:8080" }] } }
`,
  )
  await docker('cp', file, `${container('traefik')}:/etc/traefik/dynamic/domains.yml`)
  await rm(file)
}

import { readFile } from 'node:fs/promises'
import { request } from 'undici'
import { administerAll, keycloakRealm } from './keycloak.ts'

/** The realm of the repository under a name of its own, with the clients below. */
export const ours = 'bearer'
/** A realm of others, whose only user has the `sub`, the name and the role of our administrator. */
export const partner = 'bearer-partner'

const shipped = new URL('../../../keycloak/gatehouse-realm.json', import.meta.url)
const secret = 'of-a-service'
/** Long enough for a restart of Keycloak. */
const attributes = { 'access.token.lifespan': '1800' }

const lightweight = { ...attributes, 'client.use.lightweight.access.token.enabled': 'true' }

/** A client of the same realm, for our audience, that the gateway's settings do not name. */
const stranger = person('stranger', [audience('gatehouse')])

const clients = [
  person('cli', [audience('gatehouse'), groups('access.token.claim')]),
  // The groups of its people are in userinfo alone.
  person('bare-cli', [audience('gatehouse'), groups('userinfo.token.claim')]),
  // Its tokens say who gave them, and hardly anything else.
  {
    ...person('light', [audience('gatehouse'), groups('introspection.token.claim')]),
    publicClient: false,
    secret,
    serviceAccountsEnabled: true,
    attributes: lightweight,
  },
  {
    clientId: 'batch',
    secret,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    attributes,
    protocolMappers: [audience('gatehouse')],
  },
  // Its tokens are for another service.
  person('elsewhere', [audience('elsewhere')]),
  { ...person('light-elsewhere', [audience('elsewhere')]), attributes: lightweight },
]

/** Clients whose tokens the gateway takes, if they are for its audience. */
export const takenClients = ['nightly-backup', ...clients.map(({ clientId }) => clientId)]

/** A client with which people sign in by their passwords. */
function person(clientId: string, protocolMappers: readonly unknown[]) {
  return {
    clientId,
    publicClient: true,
    standardFlowEnabled: false,
    directAccessGrantsEnabled: true,
    attributes,
    protocolMappers,
  }
}

function audience(name: string) {
  return mapper('oidc-audience-mapper', {
    'included.custom.audience': name,
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  })
}

/** @param place - where Keycloak puts them */
function groups(place: string) {
  return mapper('oidc-group-membership-mapper', {
    'claim.name': 'groups',
    'full.path': 'true',
    'access.token.claim': 'false',
    'id.token.claim': 'false',
    'userinfo.token.claim': 'false',
    'introspection.token.claim': 'false',
    [place]: 'true',
  })
}

function mapper(protocolMapper: string, config: Readonly<Record<string, string>>) {
  return { name: protocolMapper, protocol: 'openid-connect', protocolMapper, config }
}

/**
 * Makes both realms; resolves with the id of anna in ours.
 *
 * @param gatewayHost - host and port of the gateway's own pages
 */
export async function createBearerRealms(gatewayHost: string): Promise<string> {
  const text = await readFile(shipped, 'utf8')
  const realm = JSON.parse(text.replaceAll('auth.gatehouse.localhost:8000', gatewayHost)) as {
    readonly clients: readonly unknown[]
  }
  await administerAll('POST', '/realms', {
    ...realm,
    realm: ours,
    // It takes one sign-in soon after another of the same person for an attack, on a busy machine.
    bruteForceProtected: false,
    clients: [...realm.clients, ...clients, stranger],
  })
  const people = await administerAll('GET', `/realms/${ours}/users?username=anna&exact=true`)
  const [anna] = people as { id: string }[]
  if (!anna) throw new Error('the realm has no anna')
  await administerAll('POST', '/realms', partnerRealm(anna.id))
  return anna.id
}

/** Keycloak keeps each user id once, so a mapper gives the same `sub`. */
function partnerRealm(sub: string) {
  const sameSub = mapper('oidc-hardcoded-claim-mapper', {
    'claim.name': 'sub',
    'claim.value': sub,
    'jsonType.label': 'String',
    'access.token.claim': 'true',
  })
  return {
    realm: partner,
    enabled: true,
    roles: { realm: [{ name: 'admin' }] },
    users: [
      {
        username: 'anna',
        firstName: 'Anna',
        lastName: 'Admin',
        email: 'anna@example.com',
        emailVerified: true,
        enabled: true,
        realmRoles: ['admin'],
        credentials: [{ type: 'password', value: 'anna', temporary: false }],
      },
    ],
    clients: [
      {
        ...person('cli', [audience('gatehouse'), sameSub]),
        // Without `basic`, which gives the user's own `sub`.
        defaultClientScopes: ['profile', 'email', 'roles'],
      },
    ],
  }
}

export async function removeBearerRealms(): Promise<void> {
  for (const realm of [ours, partner]) {
    await administerAll('DELETE', `/realms/${realm}`).catch(ignoreMissing)
  }
}

function ignoreMissing(error: Error): void {
  if (!error.message.includes(' 404 ')) throw error
}

/** What Keycloak gives somebody for name and password; `id_token` with the scope `openid`. */
interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token?: string
}

/** Tokens of a person, whose name is the password. */
export function personsTokens(
  clientId: string,
  username: string,
  { realm = ours, scope = 'profile' }: { readonly realm?: string; readonly scope?: string } = {},
): Promise<Tokens> {
  const password = username
  return tokens(realm, { grant_type: 'password', client_id: clientId, username, password, scope })
}

export async function personsToken(...args: Parameters<typeof personsTokens>): Promise<string> {
  return (await personsTokens(...args)).access_token
}

/** An access token of a service's own, by its client credentials. */
export async function servicesToken(clientId: string, clientSecret = secret): Promise<string> {
  const client = { client_id: clientId, client_secret: clientSecret }
  return (await tokens(ours, { grant_type: 'client_credentials', ...client })).access_token
}

async function tokens(realm: string, form: Readonly<Record<string, string>>): Promise<Tokens> {
  const secured = form.client_id === 'light' ? { client_secret: secret, ...form } : form
  const answer = await request(`${keycloakRealm(realm)}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(secured).toString(),
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} of ${realm}: ${text}`)
  return JSON.parse(text) as Tokens
}

/** What a JWT says, unchecked. */
export function saidBy(token: string) {
  const [header, claims] = token
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Said)
  return { header: header ?? {}, claims: claims ?? {} }
}

type Said = Readonly<Record<string, unknown>>

import { request } from 'undici'
import { Agent, type Answer } from '../../support/agent.ts'
import { keycloak } from './stack.ts'

/** Opens a URL as somebody at a browser does, with Keycloak's form filled in where it comes up. */
export async function signIn(agent: Agent, url: string, username: string): Promise<Answer> {
  const page = await agent.follow(url)
  const action = /<form[^>]*id="kc-form-login"[^>]*action="([^"]+)"/.exec(page.text)?.[1]
  if (!action) return page
  return agent.follow(action.replaceAll('&amp;', '&'), { form: { username, password: username } })
}

/** An agent whose session at the gateway has just begun. */
export async function signedIn(username: string, url: string): Promise<Agent> {
  const agent = new Agent()
  const page = await signIn(agent, url, username)
  if (page.status !== 200 || !page.url.startsWith(url)) {
    throw new Error(`signing in as ${username} ended at ${page.status} ${page.url}: ${page.text}`)
  }
  return agent
}

/** The issuer of a realm of the stack's Keycloak. */
export function keycloakRealm(name: string): string {
  return `${keycloak}/realms/${name}`
}

/** A further realm, whose people have their user names as passwords. */
export async function createRealm(
  realm: string,
  users: readonly { username: string; groups: readonly string[] }[],
): Promise<void> {
  const groups = [...new Set(users.flatMap((user) => user.groups))]
  await administerAll('POST', '/realms', {
    realm,
    enabled: true,
    groups: groups.map((path) => ({ name: path.slice(1) })),
  })
  await administerAll('PUT', `/realms/${realm}/users/profile`, anyName)
  for (const user of users) {
    await administerAll('POST', `/realms/${realm}/users`, {
      ...user,
      email: `${user.username}@${realm}.example`,
      emailVerified: true,
      enabled: true,
      credentials: [{ type: 'password', value: user.username, temporary: false }],
    })
  }
}

/** Keycloak's own profile refuses names with quotation marks, which other providers send. */
const anyName = {
  attributes: ['username', 'email', 'firstName', 'lastName'].map((name) => ({
    name,
    permissions: { view: ['admin', 'user'], edit: ['admin', 'user'] },
  })),
}

/** A confidential client with sign-in, whose tokens hold groups. */
export async function createClient(
  realm: string,
  client: Readonly<Record<string, unknown>>,
): Promise<void> {
  await administerAll('POST', `/realms/${realm}/clients`, {
    publicClient: false,
    standardFlowEnabled: true,
    protocol: 'openid-connect',
    protocolMappers: [
      {
        name: 'groups',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-group-membership-mapper',
        config: { 'claim.name': 'groups', 'full.path': 'true', 'id.token.claim': 'true' },
      },
    ],
    ...client,
  })
}

/** Keycloak's Admin REST API, as the bootstrap administrator; `path` is under the realm. */
export function administer(method: Method, path: string, body?: unknown): Promise<unknown> {
  return administerAll(method, `/realms/gatehouse${path}`, body)
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** As `administer`, of every realm. */
export async function administerAll(
  method: Method,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const token = await adminToken()
  const answer = await request(`${keycloak}/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await answer.body.text()
  if (answer.statusCode > 299) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
  return text ? JSON.parse(text) : undefined
}

export async function userId(username: string): Promise<string> {
  const query = new URLSearchParams({ username, exact: 'true' })
  const [user] = (await administer('GET', `/users?${query}`)) as { id: string }[]
  if (!user) throw new Error(`Keycloak knows no ${username}`)
  return user.id
}

async function adminToken(): Promise<string> {
  const answer = await request(`${keycloak}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=password&client_id=admin-cli&username=admin&password=admin',
  })
  const { access_token } = (await answer.body.json()) as { access_token: string }
  return access_token
}

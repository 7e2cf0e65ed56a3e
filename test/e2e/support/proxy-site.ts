import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DockerComposeEnvironment, Wait } from 'testcontainers'
import type { IdentityProvider } from '../../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { Agent } from '../../support/agent.ts'
import { type Certificate, selfSigned } from '../../support/certificate.ts'
import { signIn } from '../../support/sign-in.ts'
import type { ProxyUnderTest, TestedProxy } from '../proxies/proxy.ts'
import { docker, logs } from './docker.ts'
import { providerHost } from './local-provider.ts'
import { ProxyClient } from './proxy-client.ts'
import { startEnvoyProtocol } from './proxy-envoy.ts'
import { runName } from './run-name.ts'
import { until } from './until.ts'

const domainOf = ({ id }: TestedProxy) => `${id}.localhost`

/** Where the gateway behind a proxy has its own pages. */
export const authOf = (proxy: TestedProxy) => `https://auth.${domainOf(proxy)}`

const deploy = new URL('../../../deploy/', import.meta.url).pathname
const appScript = new URL('proxy-app.mts', import.meta.url).pathname

const [administrator, person] = demoUsers as readonly [User, User]

/** Each path of the app has a rule; the sample app shows its headers under all of them. */
const rules = `
rules:
  - { name: admin, match: { paths: [/admin/**] }, access: user, require: { roles: [admin] } }
  - { name: optional, match: { paths: [/optional/**] }, access: optional }
  - { name: api, match: { paths: [/api/**] }, access: user, preflight: true }
  - { name: counted, match: { paths: [/counted/**] }, access: user, quota: { user: 1/day } }
`

/** A proxy under test, and what ends it. */
export type Site = ProxyUnderTest & AsyncDisposable

/**
 * Starts what `deploy/<proxy>` has, with other host names: the proxy, a gateway of its own and the sample
 * app. Resolves once the proxy leads to both, and two people are signed in.
 */
export async function startSite(proxy: TestedProxy, provider: IdentityProvider): Promise<Site> {
  await using started = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-e2e-'))
  started.defer(() => rm(folder, { recursive: true }))
  const appHost = `app.${domainOf(proxy)}`
  const [app, auth] = [`https://${appHost}`, authOf(proxy)]
  const certificate = selfSigned([appHost, new URL(auth).host])
  const project = runName(`proxy-${proxy.id}`)
  await fillFolder(folder, proxy, project, certificate)

  const files = [proxy.composeFile ?? 'docker-compose.yml', 'override.yml']
  const compose = new DockerComposeEnvironment(folder, files)
    .withProjectName(project)
    .withEnvironment({
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: 'gatehouse',
      OIDC_CLIENT_SECRET: 'secret',
      SESSION_SECRET: 'a session secret for the end-to-end tests',
    })
    // Whether all is reached is seen below, where the logs can be shown.
    .withDefaultWaitStrategy(Wait.forSuccessfulCommand('true'))
  started.defer(() => remove(project))
  await compose.up(proxy.imitated ? ['gatehouse', 'app'] : undefined)

  const published = async (service: string, port: number) =>
    Number((await docker('port', `${project}-${service}-1`, String(port))).split(':').at(-1))
  const listening = async () => {
    if (!proxy.imitated) return published(proxy.folder, proxy.port)
    const at = async (service: string) => `http://127.0.0.1:${await published(service, 8080)}`
    const clusters = { gatehouse: await at('gatehouse'), app: await at('app') }
    const text = await readFile(join(folder, 'envoy.yaml'), 'utf8')
    const standIn = await startEnvoyProtocol(text, clusters, certificate)
    started.defer(() => standIn.close())
    return standIn.port
  }
  const client = new ProxyClient(await listening())
  const connections = client.connections()
  started.defer(() => connections.destroy())
  const browser = () => new Agent(connections)
  const request: ProxyUnderTest['request'] = (path, asked = {}) =>
    client.request(path, asked.host ?? appHost, asked)

  try {
    await until(
      `${proxy.name} leads to gateway and app`,
      async () => {
        const health = await request('/health', { host: new URL(auth).host })
        return health.status === 200 && (await request('/')).status === 401
      },
      120_000,
    )
    const cookieOf = async (user: User) => {
      const agent = browser()
      const page = await signIn(agent, `${app}/`, user)
      if (page.status !== 200) throw new Error(`sign-in ended at ${page.status} ${page.url}`)
      return agent.cookies.header(new URL(app))
    }
    const cookies = {
      administrator: await cookieOf(administrator),
      person: await cookieOf(person),
    }
    const end = started.move()
    return {
      name: proxy.name,
      app,
      auth,
      cookies,
      can: (feature) => !proxy.lacks?.includes(feature),
      browser,
      request,
      requestHttp2: (path, asked = {}) => client.requestHttp2(path, asked.host ?? appHost, asked),
      upgrade: (path, headers, bytes) => client.upgrade(path, appHost, headers, bytes),
      connectHttp2: (path, headers, bytes) => client.connectHttp2(path, appHost, headers, bytes),
      killGateway: async () => void (await docker('kill', `${project}-gatehouse-1`)),
      [Symbol.asyncDispose]: () => end.disposeAsync(),
    }
  } catch (error) {
    const said = await Promise.all(
      (await containersOf(project)).map(async (name) => `${name}: ${await logs(name)}`),
    )
    throw new Error(`${error}\n${said.join('\n')}`, { cause: error })
  }
}

/** The files of the proxy, with the hosts of this machine, and what the suite adds. */
async function fillFolder(
  folder: string,
  proxy: TestedProxy,
  project: string,
  certificate: Certificate,
): Promise<void> {
  await cp(join(deploy, proxy.folder), folder, { recursive: true })
  for (const name of await readdir(folder)) {
    const text = (await readFile(join(folder, name), 'utf8')).replaceAll(
      'example.com',
      domainOf(proxy),
    )
    await writeFile(join(folder, name), name.includes('labels') ? apart(text, project) : text)
  }
  const ports: Readonly<Record<string, string>> = proxy.imitated
    ? { gatehouse: 'ports: ["127.0.0.1::8080"]', app: 'ports: ["127.0.0.1::8080"]' }
    : { [proxy.folder]: `ports: !override ["127.0.0.1::${proxy.port}"]` }
  await writeFile(join(folder, 'tls.pem'), certificate.cert + certificate.key)
  await writeFile(join(folder, 'rules.yml'), rules)
  await cp(appScript, join(folder, 'app.mts'))
  // Added only what this machine asks for: other ports, the way to the provider, and rules.
  await writeFile(
    join(folder, 'override.yml'),
    `
services:
  ${proxy.folder}:
    image: ${proxy.image}
    ${ports[proxy.folder] ?? 'restart: "no"'}
  gatehouse:
    ${ports.gatehouse ?? ''}
    extra_hosts: ["${providerHost.host}:${providerHost.ipAddress}"]
    environment:
      CONFIG_FILE: /test/rules.yml
      ${proxy.imitated ? 'TRUSTED_PROXIES: private_ranges' : ''}
    volumes: ["./rules.yml:/test/rules.yml:ro"]
  app:
    ${ports.app ?? ''}
    environment: { NODE_OPTIONS: --import /test/app.mts }
    volumes: ["./app.mts:/test/app.mts:ro"]
`,
  )
}

/** Labels are seen by every Traefik of the machine: no name is anybody else's, and this one sees no other. */
function apart(text: string, project: string): string {
  const only = `--providers.docker.constraints=Label(\`com.docker.compose.project\`,\`${project}\`)`
  return text
    .replace('- --providers.docker', `- ${only}\n      - --providers.docker`)
    .replaceAll(/(traefik\.http\.\w+\.)(?=\w)/g, `$1${project}-`)
    .replaceAll('gatehouse@docker', `${project}-gatehouse@docker`)
}

async function containersOf(project: string): Promise<string[]> {
  const names = await docker(
    ...['ps', '--all', '--format', '{{.Names}}'],
    ...['--filter', `label=com.docker.compose.project=${project}`],
  )
  return names.split('\n').filter((name) => name !== '')
}

async function remove(project: string): Promise<void> {
  const containers = await containersOf(project)
  if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers)
  const label = `label=com.docker.compose.project=${project}`
  for (const kind of ['volume', 'network']) {
    const left = (await docker(kind, 'ls', '--quiet', '--filter', label))
      .split(/\s+/)
      .filter(Boolean)
    if (left.length > 0) await docker(kind, 'rm', ...left)
  }
}

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { recipe, recipeProxies } from '../../../src/cli/recipes/recipes.ts'
import { run } from '../../../src/cli/run.ts'
import { identityHeaderNames } from '../../../src/model/header-names.ts'
import { complete } from '../config/environments.ts'
import { recordingTerminal } from './recording-terminal.ts'

const plain = { identity: identityHeaderNames, passesToken: false }
const deployed = (path: string) =>
  readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8')
const variable = (name: string) => name.replaceAll('-', '_')

/** The lines between two texts, without their indentation. */
function linesBetween(text: string, start: string, end: string): string[] {
  const block = text.split(start)[1]?.split(end)[0] ?? ''
  return block
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** What a recipe does, without its comments. */
function settingsOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(?:#|--)/.test(line))
    .join('\n')
}

describe('H-01 the recipe for Traefik', () => {
  const text = recipe('traefik', plain) ?? ''

  test('names every identity header, as a file', () => {
    const items = linesBetween(text, 'authResponseHeaders:\n', '---')
    expect(items).toEqual(identityHeaderNames.map((name) => `- ${name}`))
  })

  test('says the same in labels', () => {
    const prefix = 'traefik.http.middlewares.gatehouse.forwardauth'
    expect(linesBetween(text, 'labels:\n', '\0')).toEqual([
      `${prefix}.address: http://gatehouse:8080/validate`,
      `${prefix}.trustForwardHeader: "false"`,
      `${prefix}.authResponseHeaders: ${identityHeaderNames.join(',')}`,
    ])
  })

  test('is the middleware of traefik/gatehouse.yml', () => {
    const file = readFileSync(new URL('../../../traefik/gatehouse.yml', import.meta.url), 'utf8')
    expect(settingsOf(text.split('\n---')[0] ?? '')).toBe(settingsOf(file).trimEnd())
  })

  test('is in deploy/traefik, as a file and as labels', () => {
    const [file, labels] = parseAllDocuments(text).map((each) => each.toJS())
    const { http } = parse(deployed('traefik/dynamic.yml'))
    expect(http.middlewares).toEqual(file.http.middlewares)
    expect(http.routers.app.middlewares).toEqual(['gatehouse'])
    const { services } = parse(deployed('traefik/docker-compose.labels.yml'))
    expect(services.gatehouse.labels).toMatchObject(labels.labels)
  })

  test('P-02 trusts no forwarded header of the client, and leaves none of the request out', () => {
    expect(settingsOf(text)).toContain('        trustForwardHeader: false')
    expect(settingsOf(text)).not.toMatch(/authResponseHeadersRegex|authRequestHeaders/)
  })

  test('has a second middleware for apps that are passed a token', () => {
    const both = recipe('traefik', { ...plain, passesToken: true }) ?? ''
    expect(settingsOf(both).match(/authorization/g)).toHaveLength(2)
    expect(linesBetween(both, '    gatehouse:\n', '    gatehouse-token:')).not.toContain(
      '- authorization',
    )
  })
})

describe('H-01 the recipe for Caddy', () => {
  const text = recipe('caddy', plain) ?? ''

  test('copies every identity header', () => {
    expect(linesBetween(text, 'copy_headers {', '}')).toEqual([...identityHeaderNames])
  })

  test('removes every one of the client before it asks, except the request id', () => {
    const removed = linesBetween(text, 'route {', 'forward_auth')
      .filter((line) => line.startsWith('request_header -'))
      .map((line) => line.replace('request_header -', ''))
    expect(removed).toEqual(identityHeaderNames.filter((name) => name !== 'x-request-id'))
  })
})

test('the recipe for Caddy is in deploy/caddy/Caddyfile', () => {
  const [, route] = settingsOf(recipe('caddy', plain) ?? '').split('app.example.com {\n')
  expect(settingsOf(deployed('caddy/Caddyfile'))).toContain(route)
})

describe('the recipe for nginx', () => {
  test('is in deploy/nginx/gatehouse.conf', () => {
    const lines = settingsOf(deployed('nginx/gatehouse.conf')).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining(settingsOf(recipe('nginx', plain) ?? '').split('\n')),
    )
  })

  test('P-02 tells the gateway and the app the host by which nginx chose the server', () => {
    const settings = settingsOf(recipe('nginx', plain) ?? '')
    expect(settings).toContain('proxy_set_header X-Forwarded-Host $host;')
    expect(settings).toContain('proxy_set_header Host $host;')
    expect(settings).not.toContain('$http_host')
  })
})

describe('the recipe for Kong', () => {
  const [plugin, preFunction] = parseAllDocuments(recipe('kong', plain) ?? '').map((each) =>
    each.toJS(),
  )

  test('H-01 gives the plugin and the pre-function the same headers', () => {
    const { config } = plugin.services[0].plugins[0]
    expect(config.identity_headers).toEqual(identityHeaderNames)
    const [access] = preFunction.plugins[0].config.access
    expect(linesBetween(access, 'identity_headers = {', '}')).toEqual(
      identityHeaderNames.map((name) => `"${name}",`),
    )
  })

  test('P-02 calls the app by the host that the gateway judges', () => {
    expect(plugin.services[0].routes[0].preserve_host).toBe(true)
  })

  test('passes a token where somebody uncomments it, in both', () => {
    const both = recipe('kong', { ...plain, passesToken: true }) ?? ''
    expect(both).toContain('            # - authorization\n')
    expect(both).toContain('              -- "authorization",\n')
    expect(parseAllDocuments(both).flatMap(({ errors }) => errors)).toEqual([])
  })
})

describe('the recipe for HAProxy', () => {
  const text = settingsOf(recipe('haproxy', plain) ?? '')

  test('H-01 gives the script every header', () => {
    expect(text).toContain(`/gatehouse.lua ${identityHeaderNames.join(',')}\n`)
  })

  test('lets nobody pass whom the script did not mark', () => {
    const [ask, deny] = linesBetween(text, 'defaults guarded from web\n', 'backend')
    expect(ask).toBe('http-request lua.gatehouse http://gatehouse:8080/validate')
    expect(deny).toBe('http-request deny deny_status 503 unless { var(txn.gatehouse) -m str pass }')
  })

  test('is in deploy/haproxy/haproxy.cfg', () => {
    const lines = settingsOf(deployed('haproxy/haproxy.cfg')).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining(text.replaceAll(/(gatehouse\.lua) .*/g, '$1').split('\n')),
    )
  })
})

describe('the recipe for Envoy', () => {
  const text = recipe('envoy', plain) ?? ''

  test('waits for a refresh, and lets nobody pass without an answer', () => {
    expect(settingsOf(text)).toContain('path_prefix: /validate/envoy')
    // The gateway itself waits 10 s for a provider.
    expect(settingsOf(text)).toContain('timeout: 15s')
    expect(settingsOf(text)).not.toContain('failure_mode_allow')
  })

  test('is in deploy/envoy/envoy.yaml', () => {
    const { http_filters, clusters } = parse(text)
    const { static_resources } = parse(deployed('envoy/envoy.yaml'))
    expect(static_resources.clusters).toEqual(expect.arrayContaining(clusters))
    const [listener] = static_resources.listeners
    const manager = listener.filter_chains[0].filters[0].typed_config
    expect(manager.http_filters[0]).toEqual(http_filters[0])
    expect(manager).toMatchObject({
      use_remote_address: true,
      upgrade_configs: [{ upgrade_type: 'websocket' }],
    })
  })
})

describe('H-01 every recipe', () => {
  const identity = ['x-user-id', 'remote-user', 'x-dept', 'x-request-id']
  const guards: Readonly<Record<string, (name: string) => string>> = {
    traefik: (name) => `          - ${name}\n`,
    kong: (name) => `"${name}",`,
    nginx: (name) => `proxy_set_header ${name} $gatehouse_${variable(name)};`,
    caddy: (name) => `\t\t\t\t${name}\n`,
    haproxy: (name) => `${name}${name === 'x-request-id' ? '\n' : ','}`,
    envoy: (name) => `            - exact: ${name}\n`,
  }

  test.each(recipeProxies)('for %s takes each header from the gateway alone', (proxy) => {
    const text = settingsOf(recipe(proxy, { identity, passesToken: false }) ?? '')
    for (const name of identity) expect(text).toContain(guards[proxy]?.(name))
    expect(text).not.toMatch(/x-user-email|authorization\b(?!_)/)
    expect(text).not.toMatch(/\^x-|x-user-\*/i)
  })

  test.each(recipeProxies.filter((proxy) => proxy !== 'traefik'))(
    'for %s leaves Authorization to the client, unless somebody says otherwise',
    (proxy) => {
      const text = recipe(proxy, { identity, passesToken: true }) ?? ''
      expect(text).toContain('authorization')
      expect(settingsOf(text)).not.toMatch(/authorization\b(?!_)/)
    },
  )

  test('is none for a name that is no proxy', () => {
    for (const name of ['', 'apache', '__proto__', 'constructor'])
      expect(recipe(name, plain)).toBeUndefined()
  })
})

describe('gatehouse headers', () => {
  const printed = async (proxy: string, env: Record<string, string> = {}) => {
    const { terminal, lines, errors } = recordingTerminal()
    const code = await run(['headers', proxy], env, terminal)
    return { code, out: [...lines, ...errors].join('\n') }
  }

  test('prints the headers of the settings', async () => {
    const { code, out } = await printed('nginx', {
      ...(complete as Record<string, string>),
      IDENTITY_HEADERS: 'x-webauth',
      PASS_TOKEN: 'access',
      AUTH_ASSERTION: 'true',
    })
    expect(code).toBe(0)
    for (const name of ['x-webauth-user', 'x-auth-assertion', 'x-request-id', 'authorization'])
      expect(out).toContain(`proxy_set_header ${name} `)
    expect(out).not.toContain('x-user-id')
  })

  test('prints those of the defaults where there are no settings', async () => {
    const { out } = await printed('caddy')
    expect(linesBetween(out, 'copy_headers {', '}')).toEqual(
      expect.arrayContaining([...identityHeaderNames]),
    )
  })

  test('says what is wrong with settings', async () => {
    const wrong = await printed('traefik', { PUBLIC_URL: 'https://auth.example.com' })
    expect([wrong.code, wrong.out]).toEqual([
      78,
      expect.stringContaining('OIDC_ISSUER: is missing'),
    ])
  })
})

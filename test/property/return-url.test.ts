import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appMatcher } from '../../src/config/host-matcher.ts'
import { ownRouteMatcher } from '../../src/http/paths.ts'
import type { Site } from '../../src/model/site.ts'
import { acceptReturnUrl } from '../../src/oidc/return-url.ts'
import { appsAt } from '../support/app.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { rawRequest } from '../support/raw-request.ts'

let gateway: TestGateway
/** The `Cookie` header of somebody who is signed in. */
let cookie: string
beforeAll(async () => {
  gateway = await startTestGateway()
  const { agent } = await gateway.signIn()
  cookie = agent.cookies.header(new URL(gateway.url))
})
afterAll(() => gateway[Symbol.asyncDispose]())

const pieces = [
  ...['http:', 'https:', 'HTTPS:', 'javascript:', 'data:', '//', '/', '\\', '/\\', '\t', '\n', ' '],
  ...['@', ':', ':443', ':80', ':8080', '.', '..', '%2e', '%2f', '%5c', '%00', '%', '#', '?', ';'],
  ...['example.com', 'app.example.com', 'auth.example.com', 'evil.example', 'localhost', '[::1]'],
  ...['/auth/login', '/page', '?x=1', '\u3002', '\uff0f', '\u2044', 'ａｐｐ', 'xn--a', '\ud800'],
] as const
/** Any text, and often one that is nearly a URL. */
const wanted = fc.oneof(
  fc.string({ unit: fc.constantFrom(...pieces), maxLength: 8 }),
  fc.string({ unit: fc.constantFrom(...pieces), maxLength: 5 }).map((end) => `https://${end}`),
  fc
    .tuple(fc.constantFrom('https://app.example.com', '/page'), fc.string({ unit: 'binary' }))
    .map((parts) => parts.join('')),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.string({ unit: 'binary' }),
)

const site: Site = {
  origin: 'https://auth.example.com',
  host: 'auth.example.com',
  basePath: '',
  secure: true,
  cookieName: 'gatehouse',
  cookieSameSite: 'lax',
  cookieDomain: 'example.com',
  instance: 'x',
}
const appOf = appMatcher(
  appsAt({ name: 'example.com', wildcard: false }, { name: 'example.com', wildcard: true }),
  [site],
)
const urls = {
  answersFor: (host: string) => appOf(host) !== undefined,
  isOwnRoute: ownRouteMatcher([site], '/auth'),
}

test('L-01 L-02 L-03 what is accepted is https, on a host of ours, and short', () => {
  fc.assert(
    fc.property(wanted, (text) => {
      const accepted = acceptReturnUrl(text, site, urls)
      if (accepted === undefined) return
      const { href, protocol, hostname, username, password, hash } = new URL(accepted)
      expect(href).toBe(accepted)
      expect([protocol, username, password, hash]).toEqual(['https:', '', '', ''])
      expect(`.${hostname.replace(/\.$/, '')}`).toMatch(/\.example\.com$/)
      expect(accepted.length).toBeLessThanOrEqual(1_024)
      expect(accepted).toMatch(/^https:\/\/[a-z0-9.:-]+\/[!-~]*$/)
      expect(acceptReturnUrl(accepted, site, urls)).toBe(accepted)
    }),
    { numRuns: 5_000 },
  )
})

test('L-01 L-03 /auth/login goes to the provider or says 400, and returns nowhere else', async () => {
  const { origin } = gateway.gateway
  const provider = `${gateway.idp.issuer}/auth?`
  await fc.assert(
    fc.asyncProperty(
      wanted,
      fc.constantFrom('return_to', 'redirect_uri', 'rd'),
      async (url, name) => {
        const query = new URLSearchParams({
          [name]: url.replaceAll('app.example.com', 'localhost'),
        })
        const path = `/auth/login?${query}`
        const cold = await rawRequest(origin, 'GET', path, {})
        expect([302, 400]).toContain(cold.status)
        if (cold.status === 302) expect(cold.headers.location?.startsWith(provider)).toBe(true)
        const warm = await rawRequest(origin, 'GET', path, { Cookie: cookie })
        expect(warm.status).toBe(cold.status)
        if (warm.status === 400) return
        const { protocol, hostname } = new URL(warm.headers.location ?? '')
        expect([protocol, hostname.replace(/\.$/, '')]).toEqual(['http:', 'localhost'])
      },
    ),
    { numRuns: 300 },
  )
})

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownRouteMatcher } from '../../src/http/paths.ts'
import { acceptReturnUrl } from '../../src/oidc/return-url.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let site: TestGateway
beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

const hex = (character: string) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`

/** A character in one of the ways in which servers read it as itself. */
const spelt = (character: string) =>
  fc.constantFrom(
    character,
    character,
    character,
    character.toUpperCase(),
    hex(character),
    hex(character).toUpperCase(),
    hex(character.toUpperCase()),
  )
const slashes = ['/', '/', '/', '//', '/./', '/.//', '/%2e/']
const encodedSlashes = ['%2f', '%2F', '%5c']
const parameters = ['', '', '', ';', ';x', ';x=1;y=%ff', '%3bx']
/** What stands for nothing before a segment. */
const detours = ['', '', '', 'x/../', 'x/%2e%2E/', 'x;y/..;z/', '%78/.%2e/', 'x//../../']

/** `/auth/login` and its like, as no server but a loose one would know it. */
const spelling = (slash: readonly string[], detour: readonly string[]) =>
  fc
    .constantFrom('auth/login', 'auth/callback', 'auth', 'auth/logout', 'api/auth/session')
    .chain((path) => fc.tuple(...path.split('/').map((name) => segment(name, slash, detour))))
    .map((segments: readonly string[]) => segments.join(''))

const segment = (name: string, slash: readonly string[], detour: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...slash),
      fc.constantFrom(...detour),
      ...[...name].map(spelt),
      fc.constantFrom(...parameters),
    )
    .map((pieces: readonly string[]) => pieces.join(''))

/** A path begins with a slash that is no escape. */
const withSlash = (path: string) => path.replace(/^(?=%)/, '/')

const anySpelling = spelling([...slashes, ...encodedSlashes], detours)

describe('a spelling of a path of the gateway', () => {
  test('P-23 is never sent to sign in, with a session or without', async () => {
    await fc.assert(
      fc.asyncProperty(anySpelling, async (text) => {
        const path = withSlash(text)
        const answer = await site.validate({ 'X-Forwarded-Uri': path })
        expect([400, 403], answer.headers.location).toContain(answer.status)
        if (answer.status === 403) expect(answer.body).toContain('own_route')
      }),
      { numRuns: 500 },
    )
  })

  test('L-01 is never returned to', () => {
    const { sites, authPath } = site.settings
    const urls = { answersFor: () => true, isOwnRoute: ownRouteMatcher(sites, authPath) }
    // A browser takes an escaped slash for no slash, and dots after it lead it elsewhere.
    const browserSpelling = fc.oneof(
      spelling(slashes, detours),
      spelling([...slashes, ...encodedSlashes], ['']),
    )
    fc.assert(
      fc.property(browserSpelling, fc.boolean(), (text, absolute) => {
        const path = withSlash(text)
        const wanted = absolute ? site.url + path : path
        expect(acceptReturnUrl(wanted, sites[0], urls)).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
  })
})

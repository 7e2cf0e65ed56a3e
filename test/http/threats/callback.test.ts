import { createHash } from 'node:crypto'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'

let site: TestGateway
let agent: Agent

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())
beforeEach(() => {
  agent = new Agent()
})

const tokenRequests = () => site.idp.requests.filter(({ path }) => path === '/token').length

const begin = (browser = agent) => callbackUrl(browser, `${site.url}/auth/login?return_to=/page`)

/** Opens a callback URL that has to fail: no token request, no cookie, the code for programs too. */
async function refused(url: URL | string, status: number, code: string, browser = agent) {
  const before = tokenRequests()
  const page = await browser.fetch(url)
  expect(page.status).toBe(status)
  expect(page.text).toContain(code)
  expect(page.headers.getSetCookie()).toEqual([])
  const program = await browser.fetch(url, { headers: { accept: 'application/json' } })
  expect([program.status, program.headers.get('content-type')]).toEqual([
    status,
    'application/problem+json; charset=utf-8',
  ])
  expect(program.json()).toMatchObject({ status, code, error: code })
  expect(tokenRequests()).toBe(before)
  expect(browser.cookies.get(site.url, 'gatehouse')).toBeUndefined()
}

/** The URL with a parameter changed, or left out. */
function changed(url: URL, name: string, value: string | undefined): URL {
  const copy = new URL(url)
  if (value === undefined) copy.searchParams.delete(name)
  else copy.searchParams.set(name, value)
  return copy
}

describe('L-05 the state', () => {
  test.each([
    ['missing', undefined, 'missing_code_or_state'],
    ['empty', '', 'missing_code_or_state'],
    ['not of our form', 'x', 'invalid_state'],
    ['not sealed by us', `abcdefgh.${'A'.repeat(400)}`, 'invalid_state'],
  ])('L-05 %s is 400, and no code is redeemed', async (_name, state, code) => {
    const url = await begin()
    await refused(changed(url, 'state', state), 400, code)
  })

  test('L-05 altered in any of its parts is 400', async () => {
    const url = await begin()
    const state = url.searchParams.get('state') ?? ''
    for (const at of [0, 9, 40, state.length - 1]) {
      const letter = state[at] === 'A' ? 'B' : 'A'
      const altered = state.slice(0, at) + letter + state.slice(at + 1)
      await refused(changed(url, 'state', altered), 400, 'invalid_state')
    }
    await refused(changed(url, 'state', `${state}A`), 400, 'invalid_state')
    expect((await agent.fetch(url)).status).toBe(302)
  })

  test('L-05 of another browser is 400: nobody is signed in as somebody else', async () => {
    const attacker = new Agent()
    const url = await begin(attacker)
    await refused(url, 400, 'invalid_state')
    const victim = new Agent()
    await begin(victim)
    await refused(url, 400, 'invalid_state', victim)
  })

  test('L-05 with a login cookie of the same name and another secret is 400', async () => {
    const url = await begin()
    const [name = ''] = agent.cookies.names(site.url)
    agent.cookies.set(site.url, name, `${site.clock.now()}.${'x'.repeat(22)}`)
    await refused(url, 400, 'invalid_state')
  })

  test('L-05 of another gateway is 400', async () => {
    await using other = await startTestGateway({
      env: { SESSION_SECRET: 'Q3kVbN8yXr2mWz7cTf5gHj1pLs9dAu4E' },
    })
    const browser = new Agent()
    const url = await callbackUrl(browser, `${other.url}/auth/login`)
    await refused(new URL(url.pathname + url.search, site.url), 400, 'invalid_state', browser)
  })

  test('L-05 without a code is 400', async () => {
    const url = await begin()
    await refused(changed(url, 'code', undefined), 400, 'missing_code_or_state')
    await refused(changed(url, 'code', ''), 400, 'missing_code_or_state')
  })
})

describe('L-06 a callback that comes again', () => {
  test('L-06 goes on where the session lives, and redeems nothing', async () => {
    const url = await begin()
    await agent.fetch(url)
    const session = agent.cookies.get(site.url, 'gatehouse')
    const before = tokenRequests()
    const again = await agent.fetch(url)
    expect([again.status, again.headers.get('location')]).toEqual([302, `${site.url}/page`])
    expect(agent.cookies.get(site.url, 'gatehouse')).toBe(session)
    expect(tokenRequests()).toBe(before)
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test('L-06 without the session is 400, and the session is unharmed', async () => {
    const url = await begin()
    await agent.fetch(url)
    const session = agent.cookies.get(site.url, 'gatehouse') ?? ''
    agent.cookies.set(site.url, 'gatehouse', '')
    const before = tokenRequests()
    const again = await agent.fetch(url)
    expect([again.status, tokenRequests()]).toEqual([400, before])
    expect(again.text).toContain('invalid_state')
    agent.cookies.set(site.url, 'gatehouse', session)
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test('L-06 twice at the same time redeems the code once', async () => {
    const url = await begin()
    const before = tokenRequests()
    const answers = await Promise.all([agent.fetch(url), agent.fetch(url), agent.fetch(url)])
    expect(tokenRequests()).toBe(before + 1)
    expect(answers.filter(({ status }) => status === 302)).toHaveLength(1)
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test('L-06 after ten minutes is 400, and before that it is not', async () => {
    const early = await begin()
    site.clock.advance(9 * 60_000)
    expect((await agent.fetch(early)).status).toBe(302)
    agent = new Agent()
    const late = await begin()
    site.clock.advance(10 * 60_000 + 1)
    await refused(late, 400, 'invalid_state')
  })
})

describe('L-07 the code', () => {
  test('L-07 every start has a verifier of its own, by S256', async () => {
    const challenges = new Set<string>()
    const verifiers: string[] = []
    const granted = ({ oidc }: KoaContextWithOIDC) =>
      void verifiers.push(String(oidc.params?.code_verifier))
    site.idp.provider.on('grant.success', granted)
    for (let start = 0; start < 3; start += 1) {
      const { headers } = await agent.fetch(`${site.url}/auth/login`)
      const { searchParams } = new URL(headers.get('location') ?? '')
      expect(searchParams.get('code_challenge_method')).toBe('S256')
      challenges.add(searchParams.get('code_challenge') ?? '')
    }
    expect(challenges.size).toBe(3)
    const start = await agent.fetch(`${site.url}/auth/login`)
    const authorization = start.headers.get('location') ?? ''
    await agent.fetch(await callbackUrl(agent, authorization))
    site.idp.provider.off('grant.success', granted)
    expect(verifiers[0]).toMatch(/^[\w-]{43,128}$/)
    expect(
      createHash('sha256')
        .update(verifiers[0] ?? '')
        .digest('base64url'),
    ).toBe(new URL(authorization).searchParams.get('code_challenge'))
  })

  test('L-07 of another browser is refused by the provider: 400, no session', async () => {
    const stolen = (await begin(new Agent())).searchParams.get('code') ?? ''
    const own = await begin()
    const answer = await agent.fetch(changed(own, 'code', stolen))
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('token_exchange_failed')
    expect(agent.cookies.get(site.url, 'gatehouse')).toBeUndefined()
  })

  test('L-07 of another start of the same browser is refused too', async () => {
    const first = await begin()
    const second = await begin()
    const code = first.searchParams.get('code') ?? ''
    const answer = await agent.fetch(changed(second, 'code', code))
    expect(answer.status).toBe(400)
    expect(agent.cookies.get(site.url, 'gatehouse')).toBeUndefined()
  })
})

describe('L-09 the issuer of the answer', () => {
  test.each([
    ['missing, though the provider announces it', () => undefined],
    ['of another provider', () => 'https://evil.example'],
    ['spelt otherwise', () => `${site.idp.issuer}/`],
    ['empty', () => ''],
  ])('L-09 %s is 400 before the token request', async (_name, issuer) => {
    const before = tokenRequests()
    const answer = await agent.fetch(changed(await begin(), 'iss', issuer()))
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('invalid_state')
    expect(tokenRequests()).toBe(before)
    expect(agent.cookies.get(site.url, 'gatehouse')).toBeUndefined()
  })
})

describe('L-10 a parameter there twice', () => {
  test.each(['state', 'code', 'iss', 'error', 'other'])('L-10 %s is 400', async (name) => {
    const url = await begin()
    url.searchParams.append(name, url.searchParams.get(name) ?? 'x')
    if (name === 'error' || name === 'other') url.searchParams.append(name, 'x')
    await refused(url, 400, 'missing_code_or_state')
  })

  test('L-10 brackets make no array', async () => {
    const { search } = await begin()
    const url = `${site.url}/auth/callback${search.replace('state=', 'state[]=').replace('code=', 'code[]=')}`
    await refused(url, 400, 'missing_code_or_state')
  })

  test('L-10 at the start and at the end of a session is 400 as well', async () => {
    for (const path of [
      '/auth/login?return_to=/a&return_to=/b',
      '/auth/continue-signin?return_to=/a&return_to=/a',
      '/auth/login-url?redirect_uri=/a&redirect_uri=/b',
      '/auth/logout?return_to=/a&return_to=/b',
    ]) {
      const { status } = await agent.fetch(site.url + path)
      expect(status, path).toBe(400)
    }
  })
})

describe('L-11 an error of the provider', () => {
  test.each([
    ['access_denied', 400, 'access_denied'],
    ['login_required', 400, 'login_required'],
    ['interaction_required', 400, 'login_required'],
    ['consent_required', 400, 'login_required'],
    ['account_selection_required', 400, 'login_required'],
    ['temporarily_unavailable', 503, 'idp_unavailable'],
    ['server_error', 502, 'idp_error'],
    ['invalid_scope', 502, 'idp_error'],
    ['__proto__', 502, 'idp_error'],
    ['<script>alert(1)</script>', 502, 'idp_error'],
  ])('L-11 %s is %i %s, in fixed words', async (error, status, code) => {
    const url = changed(changed(await begin(), 'code', undefined), 'error', error)
    const marker = 'planted-marker'
    url.searchParams.set('error_description', `<img src=x onerror=${marker}>"'${marker}`)
    url.searchParams.set('error_uri', `https://evil.example/${marker}`)
    const before = tokenRequests()
    const page = await agent.fetch(url)
    expect(page.status).toBe(status)
    expect(page.text).toContain(code)
    expect(page.text).not.toMatch(/planted-marker|evil\.example|<script|onerror/)
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none';/)
    expect(page.headers.get('retry-after')).toBe(status === 503 ? '5' : null)
    expect(page.headers.getSetCookie()).toEqual([])
    expect(tokenRequests()).toBe(before)
    expect(page.text).toContain(
      `return_to=${encodeURIComponent(`${site.url}/page`).replaceAll('&', '&amp;')}`,
    )
  })

  test('L-11 from nobody we asked is 400 in fixed words', async () => {
    await refused(
      `${site.url}/auth/callback?error=<b>x</b>&error_description=y&state=z`,
      400,
      'invalid_state',
    )
  })

  test('L-11 a cancelled sign-in comes back as access_denied', async () => {
    const start = await agent.follow(`${site.url}/auth/login?return_to=/page`)
    const end = await agent.follow(start.url, { form: { cancel: 'yes' } })
    expect(end.status).toBe(400)
    expect(end.text).toContain('access_denied')
    expect(agent.cookies.get(site.url, 'gatehouse')).toBeUndefined()
  })
})

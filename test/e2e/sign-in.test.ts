import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillKeycloakForm, launchBrowser } from './support/browser.ts'
import { exchange } from './support/exchange.ts'
import { app, auth, keycloak } from './support/stack.ts'

describe('sign-in with a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  it('leads to Keycloak and back to the page asked for, path and query kept', async () => {
    await using visit = await visitor(browser)
    const page = await visit.context.newPage()
    const deepLink = `${app}/reports/2026?q=a%20b%2Fc&tag=x&tag=y`
    await page.goto(deepLink)
    expect(new URL(page.url()).origin).toBe(keycloak)
    await fillKeycloakForm(page, 'anna')
    await page.waitForURL(deepLink)
    expect(await page.textContent('h1')).toBe('Hello, Anna Admin')
  })

  it('C-08 keeps the session cookie from scripts and from other domains', async () => {
    await using visit = await visitor(browser)
    const page = await visit.context.newPage()
    await page.goto(app)
    await fillKeycloakForm(page, 'bob')
    await page.waitForURL(`${app}/`)
    const cookies = await visit.context.cookies([app])
    expect(cookies).toEqual([
      expect.objectContaining({
        name: 'gatehouse',
        domain: '.gatehouse.localhost',
        path: '/',
        httpOnly: true,
        sameSite: 'Lax',
      }),
    ])
    expect(await page.evaluate('document.cookie')).toBe('')
  })

  it('H-07 H-08 brings names and groups of any characters to the app', async () => {
    await using visit = await visitor(browser)
    const page = await visit.context.newPage()
    await page.goto(app)
    await fillKeycloakForm(page, 'łukasz')
    await page.waitForURL(`${app}/`)
    expect(await page.textContent('h1')).toBe('Hello, Łukasz „Łuk” Żółć')
    await page.goto(`${app}/headers`)
    const headers = new Map<string, string>(JSON.parse((await page.textContent('body')) ?? ''))
    const list = (name: string) => headers.get(name)?.split(',').map(decodeURIComponent)
    expect(list('x-user-name')).toEqual(['Łukasz „Łuk” Żółć'])
    expect(list('x-username')).toEqual(['łukasz'])
    expect(list('x-user-groups')).toEqual(['/dev/Kraków, R&D'])
    expect(list('x-user-roles')).toEqual(['user'])
  })

  it('L-13 ten cold tabs that sign in at once all finish, and none signs another out', async () => {
    await using visit = await visitor(browser)
    const urls = Array.from({ length: 10 }, (_, index) => `${app}/tab/${index}?cold=yes`)
    const tabs = await Promise.all(
      urls.map(async (url) => {
        const page = await visit.context.newPage()
        await page.goto(url)
        return page
      }),
    )
    await Promise.all(tabs.map((page) => page.waitForSelector('#kc-login')))
    const [first, ...others] = tabs
    if (!first) throw new Error('no tab')
    await fillKeycloakForm(first, 'anna')
    await first.waitForURL(urls[0] ?? '')
    await Promise.all(
      others.map(async (page, index) => {
        const url = urls[index + 1] ?? ''
        // Keycloak's page may notice the sign-in by itself and go on; else its reader reloads it.
        if (page.url() !== url) await page.reload().catch(() => {})
        await page.waitForURL(url)
      }),
    )
    for (const page of tabs) {
      const response = await page.reload()
      expect(response?.status()).toBe(200)
      expect(await page.textContent('h1')).toBe('Hello, Anna Admin')
    }
  })

  it('shows who is signed in on the account page', async () => {
    await using visit = await visitor(browser)
    const page = await visit.context.newPage()
    await page.goto(app)
    await fillKeycloakForm(page, 'bob')
    await page.waitForURL(`${app}/`)
    await page.click('text=Your account')
    await page.waitForURL(`${auth}/auth/`)
    expect(await page.textContent('body')).toContain('bob@example.com')
  })
})

describe('an API caller without a session', () => {
  it('L-14 gets 401 with a problem document and no cookie', async () => {
    const answer = await exchange(`${app}/data`, { headers: { accept: 'application/json' } })
    expect(answer.status).toBe(401)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(JSON.parse(answer.body)).toMatchObject({
      status: 401,
      code: 'unauthenticated',
      error: 'unauthorized',
    })
  })
})

async function visitor(browser: Browser): Promise<AsyncDisposable & { context: BrowserContext }> {
  const context = await browser.newContext()
  return { context, [Symbol.asyncDispose]: () => context.close() }
}

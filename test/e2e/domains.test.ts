import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { StartedTestContainer } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillKeycloakForm, launchBrowser } from './support/browser.ts'
import { logs } from './support/docker.ts'
import { host, startDomains } from './support/domains.ts'
import { exchange } from './support/exchange.ts'
import { runName } from './support/run-name.ts'
import { until } from './support/until.ts'

const lifetimeSec = 10
const app = (name: string) => `http://${host(name)}`

let gateway: StartedTestContainer
let browser: Browser

beforeAll(async () => {
  gateway = await startDomains(lifetimeSec)
  browser = await launchBrowser()
  await until('Traefik routes the new hosts', async () => {
    const answers = ['app.one', 'auth.two'].map((name) => exchange(`${app(name)}/`))
    return (await Promise.all(answers)).every(({ status }) => status !== 404)
  })
})
afterAll(async () => {
  await browser?.close()
  await gateway?.stop()
})

/** Opens an app and signs in with one of the providers; without a user name no form may come up. */
async function signIn(page: Page, url: string, provider: string, username?: string) {
  await page.goto(url)
  await page.click(`text=${provider}`)
  if (username !== undefined) await fillKeycloakForm(page, username)
  await page.waitForURL(url)
}

/** What an app received of a browser that is signed in, each header as its UTF-8 text. */
async function received(context: BrowserContext, url: string): Promise<Map<string, string>> {
  const cookies = await context.cookies([url])
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const answer = await exchange(`${url}headers`, { headers: { cookie, accept: '*/*' } })
  if (answer.status !== 200) return new Map([['status', String(answer.status)]])
  const pairs = JSON.parse(answer.body) as [string, string][]
  return new Map(
    pairs.map(([name, value]) => [name, Buffer.from(value, 'latin1').toString('utf8')]),
  )
}

describe('two realms and two root domains at once', () => {
  it('one sign-in is enough for both, and sign-out ends both', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await signIn(page, `${app('app.one')}/`, 'Our own', 'anna')
    await signIn(page, `${app('app.two')}/`, 'Our own')
    for (const name of ['app.one', 'app.two']) {
      const headers = await received(context, `${app(name)}/`)
      expect([headers.get('x-username'), headers.get('x-auth-provider')]).toEqual([
        'anna',
        'default',
      ])
    }
    await page.goto(`${app('auth.two')}/auth/logout`)
    await page.waitForURL(`${app('auth.two')}/auth/logged-out**`)
    for (const name of ['app.one', 'app.two']) {
      expect((await received(context, `${app(name)}/`)).get('status')).toBe('401')
    }
    await page.goto(`${app('app.one')}/`)
    await page.click('text=Our own')
    await page.waitForSelector('#kc-login')
    await context.close()
  })

  it('F-05 each refreshes at its own provider', async () => {
    const [ours, theirs] = await Promise.all([browser.newContext(), browser.newContext()])
    await signIn(await ours.newPage(), `${app('app.one')}/`, 'Our own', 'bob')
    await signIn(await theirs.newPage(), `${app('app.two')}/`, 'Partner', 'anna')
    const refreshed = async () => {
      const lines = (await logs(runName('domains'))).split('\n')
      return ['default', 'partner'].every((provider) =>
        lines.some((line) => line.includes('"refresh"') && line.includes(`"${provider}"`)),
      )
    }
    await until('both have refreshed', async () => {
      const statuses = await Promise.all([
        received(ours, `${app('app.one')}/`),
        received(theirs, `${app('app.two')}/`),
      ])
      expect(statuses.map((headers) => headers.get('status'))).toEqual([undefined, undefined])
      return refreshed()
    })
    await Promise.all([ours.close(), theirs.close()])
  })

  it('H-11 a change of account is one of person, whatever the names', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const url = `${app('app.one')}/`
    await signIn(page, url, 'Our own', 'anna')
    const before = await received(context, url)
    await page.goto(`${app('auth.one')}/auth/continue-signin?return_to=${url}`)
    await page.click('text=Partner')
    await fillKeycloakForm(page, 'anna')
    await page.waitForURL(url)
    const after = await received(context, url)
    expect([before.get('remote-user'), after.get('remote-user')]).toEqual(['anna', 'partner:anna'])
    expect(before.get('x-user-id')).not.toContain(':')
    expect(after.get('x-user-id')).toMatch(/^partner:[0-9a-f-]{36}$/)
    expect(after.get('x-user-name')).toBe('Anna Of Partner')
    await context.close()
  })

  it('H-07 each set of headers reaches its app byte for byte', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await signIn(page, `${app('app.one')}/`, 'Partner', 'lukasz')
    const name = 'Łukasz "Łuk" Żółć'
    const plain = await received(context, `${app('app.one')}/`)
    const subject = plain.get('x-user-id')
    expect(decodeURIComponent(plain.get('x-user-name') ?? '')).toBe(name)
    expect(Object.fromEntries(plain)).toMatchObject({
      'remote-user': 'partner:lukasz',
      'remote-email': 'lukasz@partner.example',
      'remote-name': name,
      'x-auth-request-user': subject,
      'x-auth-request-preferred-username': 'partner:lukasz',
      'x-forwarded-user': subject,
      'x-forwarded-email': 'lukasz@partner.example',
      'x-given-name': 'Łukasz "Łuk"',
      'x-webauth-user': '',
    })
    expect(new Set(plain.get('remote-groups')?.split(','))).toEqual(new Set(['/ops', '/Łódź']))
    const grafana = await received(context, `${app('grafana.one')}/`)
    expect(Object.fromEntries(grafana)).toMatchObject({
      'x-webauth-user': 'partner:lukasz',
      'x-webauth-email': 'lukasz@partner.example',
      'x-webauth-name': name,
      'remote-user': '',
      'x-user-id': '',
    })
    await context.close()
  })

  it('H-01 an app that believes one header gets only ours', async () => {
    const context = await browser.newContext()
    await signIn(await context.newPage(), `${app('app.one')}/`, 'Our own', 'bob')
    const cookies = await context.cookies([app('grafana.one')])
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const forged = { 'x-webauth-user': ['admin', 'root'], 'remote-user': 'admin' }
    const answer = await exchange(`${app('grafana.one')}/headers`, {
      headers: { cookie, ...forged },
    })
    const pairs = JSON.parse(answer.body) as [string, string][]
    expect(pairs.filter(([header]) => header === 'x-webauth-user')).toEqual([
      ['x-webauth-user', 'bob'],
    ])
    expect(answer.body).not.toMatch(/admin|root/)
    const twin = await exchange(`${app('grafana.one')}/headers`, {
      headers: { cookie, X_Webauth_User: 'admin', accept: '*/*' },
    })
    expect(twin.status).toBe(400)
    await context.close()
  })
})

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCommand } from '../support/command.ts'
import { type ProtectedResource, startProtectedResource } from '../support/protected-resource.ts'
import { fillKeycloakForm, launchBrowser } from './support/browser.ts'
import { administer, keycloakRealm } from './support/keycloak.ts'

const issuer = keycloakRealm('gatehouse')
const clientId = 'gatehouse-cli'

describe('gatehouse login at Keycloak', () => {
  let browser: Browser
  let api: ProtectedResource
  let folder: string
  beforeAll(async () => {
    // As docs/how-to/command-line.md has it.
    await administer('POST', '/clients', {
      clientId,
      publicClient: true,
      standardFlowEnabled: true,
      redirectUris: ['http://127.0.0.1/*'],
      attributes: {
        'pkce.code.challenge.method': 'S256',
        'oauth2.device.authorization.grant.enabled': 'true',
      },
    })
    browser = await launchBrowser()
    api = await startProtectedResource(issuer)
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-cli-'))
  })
  afterAll(async () => {
    await browser.close()
    await api[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
    const [client] = (await administer('GET', `/clients?clientId=${clientId}`)) as { id: string }[]
    await administer('DELETE', `/clients/${client?.id}`)
  })

  const start = (...args: string[]) =>
    startCommand(args, { XDG_CONFIG_HOME: folder, GATEHOUSE_KEYRING: 'off' })

  async function gatehouse(...args: string[]) {
    const { lines, errors, ended } = start(...args)
    expect({ code: await ended, errors }).toEqual({ code: 0, errors: [] })
    return lines.join('\n')
  }

  async function statusAt(token: string) {
    const { statusCode, body } = await request(`${issuer}/protocol/openid-connect/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    })
    await body.dump()
    return statusCode
  }

  it('in a browser; token renews, logout revokes', async () => {
    const command = start('login', api.url, '--no-browser')
    const [url] = await command.saw(/\S+\/auth\?\S+/)
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(url)
    await fillKeycloakForm(page, 'anna')
    await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/callback\//)
    expect(await page.textContent('h1')).toBe('You are signed in')
    expect(await command.ended).toBe(0)
    await context.close()

    expect(await gatehouse('whoami')).toMatch(/^who +Anna Admin \(anna, /)
    const first = await gatehouse('token', api.url)
    expect(await statusAt(first)).toBe(200)

    const path = join(folder, 'gatehouse', 'credentials.json')
    const stored = JSON.parse(await readFile(path, 'utf8'))
    stored.logins[0].expiresAt = 0
    await writeFile(path, JSON.stringify(stored))
    const second = await gatehouse('token')
    expect(second).not.toBe(first)
    expect(await statusAt(second)).toBe(200)

    expect(await gatehouse('logout')).toBe(`Signed out at ${api.url}.`)
    expect(await statusAt(second)).toBe(401)
  })

  it('on another device, by its code', async () => {
    const command = start('login', api.url, '--device')
    const [, url = '', code = ''] = await command.saw(/Open (\S+) in any browser.*\s+(\S+)/)
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(url)
    await page.fill('[name=device_user_code]', code)
    await page.click('#kc-login')
    await page.waitForSelector('#username')
    await fillKeycloakForm(page, 'bob')
    await page.click('[name=accept]')
    await page.waitForSelector('text=Device Login Successful')
    await context.close()
    expect(await command.ended).toBe(0)
    expect(await gatehouse('whoami')).toContain('bob')
    expect(await statusAt(await gatehouse('token'))).toBe(200)
    await gatehouse('logout')
  })
})

import { execFileSync } from 'node:child_process'
import { type Browser, chromium, type Page } from 'playwright-core'

/** A real Chromium: `CHROMIUM`, or the one on the path. */
export function launchBrowser(): Promise<Browser> {
  const executablePath =
    process.env.CHROMIUM ?? execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim()
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** Fills in Keycloak's form on the page that shows it. */
export async function fillKeycloakForm(page: Page, username: string): Promise<void> {
  await page.fill('#username', username)
  await page.fill('#password', username)
  await page.click('#kc-login')
}

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../../src/config/settings.ts'
import type { Site } from '../../src/model/site.ts'
import { settingsFrom } from '../support/gateway.ts'
import { type Server, startServer } from './processes.ts'
import { makeSessionsFile, secret } from './sessions-file.ts'

const command = new URL('../../dist/src/cli/gatehouse.js', import.meta.url).pathname

/** The built gateway over a store file with some sessions. */
export interface BenchGatehouse {
  readonly server: Server
  readonly cookies: readonly string[]
}

/** As in the image. */
const nodeOptions = /NODE_OPTIONS="([^"]+)"/.exec(
  readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8'),
)?.[1]

export const issuerName = 'https://idp.example.net'

const env = (port: number, storePath: string) => ({
  PUBLIC_URL: 'https://auth.example.com',
  COOKIE_DOMAIN: 'example.com',
  OIDC_ISSUER: issuerName,
  OIDC_INTERNAL_URL: 'http://127.0.0.1:1',
  OIDC_CLIENT_ID: 'gatehouse',
  OIDC_CLIENT_SECRET: 'kV7xqZr2LmT9wYb4NcPd8sHf3JgA6uEe',
  SESSION_SECRET: secret,
  STORE_URL: `sqlite:${storePath}`,
  HOST: '127.0.0.1',
  PORT: String(port),
  OPS_PORT: String(port + 1_000),
})

export async function startGatehouse(
  port: number,
  storePath: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const options = nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }
  const all = { ...options, ...env(port, storePath), ...more }
  return startServer([command, 'serve'], port, '/health', all)
}

/** Settings with fifty apps, every set of headers and assertions; the file is written to a folder. */
export function manyApps(folder: string): Record<string, string> {
  const file = join(folder, 'apps.yaml')
  const apps = Array.from(
    { length: 50 },
    (_, i) => `  app-${i}: { hosts: [app-${i}.example.com], allow: ["group:team-${i}"] }`,
  )
  writeFileSync(
    file,
    `headers: { X-Login: username }\napps:\n  app: { hosts: [app.example.com] }\n${apps.join('\n')}\n`,
  )
  return {
    CONFIG_FILE: file,
    IDENTITY_HEADERS: 'x-user,remote,x-auth-request,x-forwarded,x-webauth',
    AUTH_ASSERTION: 'true',
  }
}

/** Fills a store file, then starts the gateway on it. */
export async function startFilledGatehouse(
  port: number,
  storePath: string,
  sessions: number,
  cookiesWanted: number,
  more: Readonly<Record<string, string>> = {},
): Promise<BenchGatehouse> {
  removeStore(storePath)
  const cookies = await makeSessionsFile(storePath, siteOf(port), sessions, cookiesWanted)
  return { server: await startGatehouse(port, storePath, more), cookies }
}

export function siteOf(port: number): Site {
  return settingsOf(port).sites[0]
}

export function settingsOf(port: number, more: Readonly<Record<string, string>> = {}): Settings {
  return settingsFrom({ ...env(port, ':memory:'), ...more })
}

export function removeStore(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}

/** What a browser behind Traefik sends with a page view. */
export function browserHeaders(cookie: string): Record<string, string> {
  return {
    ...pageHeaders,
    Cookie: `theme=dark; _ga=GA1.1.1234567890.1700000000; gatehouse=${cookie}`,
  }
}

/** The same with an access token in place of the session. */
export function tokenHeaders(token: string): Record<string, string> {
  return {
    ...pageHeaders,
    Cookie: 'theme=dark; _ga=GA1.1.1234567890.1700000000',
    Authorization: `Bearer ${token}`,
  }
}

const pageHeaders = {
  'X-Forwarded-Method': 'GET',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'app.example.com',
  'X-Forwarded-Uri': '/dashboard/list?page=2&sort=name',
  'X-Forwarded-For': '198.51.100.7',
  'X-Forwarded-Port': '443',
  'X-Forwarded-Server': 'traefik',
  'X-Real-Ip': '198.51.100.7',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language': 'en-US,en;q=0.5',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-User': '?1',
  'Upgrade-Insecure-Requests': '1',
  Priority: 'u=0, i',
}

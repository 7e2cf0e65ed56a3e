import type { Site } from '../../src/model/site.ts'

/** `https://auth.example.com` with its cookie for `example.com`, with changes. */
export function testSite(changes: Partial<Site> = {}): Site {
  return {
    origin: 'https://auth.example.com',
    host: 'auth.example.com',
    basePath: '',
    secure: true,
    cookieDomain: 'example.com',
    cookieName: 'gatehouse',
    cookieSameSite: 'lax',
    instance: 'https://auth.example.com example.com',
    ...changes,
  }
}

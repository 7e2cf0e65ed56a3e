import { describe, expect, test } from 'vitest'
import { callbackPath, ownRouteMatcher } from '../../../src/http/paths.ts'
import { testSite } from '../../support/site.ts'

describe('P-23 the gateway’s own paths', () => {
  const isOwn = ownRouteMatcher([testSite()], '/auth')
  const own = (path: string) => isOwn('auth.example.com', path)

  test.each([
    ...['/auth', '/auth/', '/auth/login', '/auth/x/y', '/api/auth', '/api/auth/session'],
    ...['/AUTH/Login', '/%61uth', '/%41UTH/login', '/auth%2flogin', '/auth%5Clogin', '//auth//x'],
    ...[
      '/auth;x',
      '/auth;x=%ff/login',
      '/%61uth/x;%ff',
      '/auth%3bx/login',
      '/./auth',
      '/x/../auth',
    ],
    ...['/x/%2e%2E/auth', '/x%2f..%2fauth', '/x//../auth/login', '/x//../../auth', '/x;y/../auth'],
    ...['/..;/auth/login', '/../auth', '/x/..;y/auth', '/auth/../auth/login', '/\\auth'],
    ...['/auth/x/..%2f..%2fy', '/auth;%2f..%2fx'],
    ...['/%61uth;%2f..%2f..%2fx/login'],
  ])('P-23 %s is one', (path) => expect(own(path)).toBe(true))

  test.each([
    ...['/', '/authx', '/auth-x/login', '/x/auth', '/api', '/api/authx', '/login', '/health'],
    ...['/session', '/auth.html', '/aut/h', '/auth/../x', '/%2561uth', '/x;/auth', '/x/;auth'],
    ...['/au%74', '/%C3%A1uth', '/.auth'],
  ])('%s is none', (path) => expect(own(path)).toBe(false))

  test('on hosts of apps nothing is', () => {
    expect(isOwn('app.example.com', '/auth/login')).toBe(false)
  })

  test('the path of PUBLIC_URL and AUTH_PATH count', () => {
    const based = ownRouteMatcher([testSite({ basePath: '/Gate' })], '/sign-in')
    expect(based('auth.example.com', '/gate/sign-in/login')).toBe(true)
    expect(based('auth.example.com', '/gate/api/sign-in/login')).toBe(true)
    expect(based('auth.example.com', '/sign-in/login')).toBe(false)
    expect(based('auth.example.com', '/gate/auth/login')).toBe(false)
  })
})

test('the first provider’s callback has no name in it, the others have', () => {
  const settings = { authPath: '/auth', providers: [{ name: 'staff' }, { name: 'partner' }] }
  const parts = { settings } as unknown as Parameters<typeof callbackPath>[0]
  expect(callbackPath(parts, 'staff')).toBe('/auth/callback')
  expect(callbackPath(parts, 'partner')).toBe('/auth/callback/partner')
})

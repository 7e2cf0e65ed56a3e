import { describe, expect, test } from 'vitest'
import { appMatcher } from '../../../src/config/host-matcher.ts'
import { appsAt, testApp } from '../../support/app.ts'
import { testSite } from '../../support/site.ts'

const site = testSite({ origin: 'https://auth.example.com:8443', host: 'auth.example.com:8443' })
const appOf = appMatcher(
  appsAt(
    { name: 'example.com', wildcard: true },
    { name: 'app.other.org', wildcard: false },
    { name: 'ports.other.org', wildcard: false, port: '9000' },
    { name: 'ports.example.org', wildcard: true, port: '9000' },
    { name: '[::1]', wildcard: false },
  ),
  [site],
)
const answersFor = (host: string) => appOf(host) !== undefined

describe('hosts the gateway answers for', () => {
  test.each([
    ...['app.example.com', 'a.b.example.com', 'app.example.com:8443', 'app.other.org'],
    ...['app.other.org:8443', 'ports.other.org:9000', 'a.ports.example.org:9000', '[::1]'],
    ...['[::1]:8443', 'evil.example.com'],
  ])('%s is one', (host) => expect(answersFor(host)).toBe(true))

  test.each([
    ...['example.com', 'evilexample.com', 'example.com.evil.org', 'app.example.comx', '.com'],
    ...['x.app.other.org', 'other.org', 'app.other.org:9000', 'app.example.com:80', ''],
    ...['ports.other.org', 'ports.other.org:8443', 'a.ports.example.org', '[::2]', ':8443'],
    ...['example.com:8443', 'APP.example.com.', '__proto__'],
  ])('C-07 P-17 %s is none', (host) => expect(answersFor(host)).toBe(false))

  test('the same answer is given again', () => {
    for (let i = 0; i < 2_000; i += 1) expect(answersFor(`x${i}.example.com`)).toBe(true)
    expect(answersFor('x0.example.com')).toBe(true)
    expect(answersFor('x0.example.org')).toBe(false)
  })
})

test('of several apps the exact name wins, then the longest wildcard', () => {
  const app = (name: string, host: string) => {
    const wildcard = host.startsWith('*.')
    return testApp({ name, hosts: [{ name: wildcard ? host.slice(2) : host, wildcard }] })
  }
  const appOf = appMatcher(
    [app('all', '*.example.com'), app('one', 'a.b.example.com'), app('some', '*.b.example.com')],
    [site],
  )
  expect(appOf('a.b.example.com')?.name).toBe('one')
  expect(appOf('c.b.example.com')?.name).toBe('some')
  expect(appOf('b.example.com')?.name).toBe('all')
  expect(appOf('a.b.example.com:8443')?.name).toBe('one')
  expect(appOf('example.com')).toBeUndefined()
})

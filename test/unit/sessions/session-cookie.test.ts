import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SessionCookies } from '../../../src/sessions/session-cookie.ts'
import { testSite } from '../../support/site.ts'

const site = testSite()
const secret = 'p9wGk2vRzqXh4sYcT7mNfBdJ8uLeWa3V'
const newSecret = 'Jx2-kd93_sdkFj39dKslw03jdkWlw93k'
const cookies = new SessionCookies([secret])

describe('a session cookie', () => {
  test('C-16 is 192 random bits and a signature; the store knows a hash of the id', () => {
    const { value, key } = cookies.mint(site)
    expect(value).toMatch(/^[\w-]{32}\.[\w-]{43}$/)
    const id = value.slice(0, 32)
    expect(Buffer.from(id, 'base64url')).toHaveLength(24)
    expect(key).toBe(createHash('sha256').update(id).digest('base64url'))
    expect(cookies.verify(site, value)).toBe(key)
    const many = Array.from({ length: 100 }, () => cookies.mint(site).value)
    expect(new Set(many).size).toBe(100)
  })

  test('C-01 with any bit of any character changed does not verify', () => {
    const { value } = cookies.mint(site)
    for (let at = 0; at < value.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = String.fromCharCode(value.charCodeAt(at) ^ (1 << bit))
        const altered = value.slice(0, at) + changed + value.slice(at + 1)
        expect(cookies.verify(site, altered), altered).toBeUndefined()
      }
    }
  })

  test.each([
    ...['', '.', 'x', `${'A'.repeat(32)}.`, `.${'A'.repeat(43)}`],
    ...[`${'A'.repeat(32)}.${'A'.repeat(43)}\n`, `${'A'.repeat(32)}.${'é'.repeat(43)}`],
    ...[`${'A'.repeat(1_000_000)}.${'A'.repeat(43)}`],
  ])('C-01 %.40j does not verify, and is no error', (value) => {
    expect(cookies.verify(site, value)).toBeUndefined()
  })

  test('C-03 is of one instance only', () => {
    const { value } = cookies.mint(site)
    const other = testSite({ instance: 'https://auth.example.com auth.example.com' })
    expect(cookies.verify(other, value)).toBeUndefined()
  })

  test('C-17 is signed by the first secret and verified by all, in any order', () => {
    const { value, key } = cookies.mint(site)
    expect(new SessionCookies([newSecret, secret]).verify(site, value)).toBe(key)
    expect(new SessionCookies([newSecret]).verify(site, value)).toBeUndefined()
    const renewed = new SessionCookies([newSecret, secret]).mint(site).value
    expect(cookies.verify(site, renewed)).toBeUndefined()
  })
})

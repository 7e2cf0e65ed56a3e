import { describe, expect, test } from 'vitest'
import { otherSecret, problemsOf, secret, settingsOf, warningsOf } from './environments.ts'

describe('C-17 SESSION_SECRET', () => {
  test('several are kept in order, for rotation', () => {
    const changes = { SESSION_SECRET: `${secret}, ${otherSecret}` }
    expect(settingsOf(changes).session.secrets).toEqual([secret, otherSecret])
  })

  test.each([
    ['31 bytes', secret.slice(0, 31), 'has 31 bytes; it needs 32 or more'],
    ['one character', 'a'.repeat(64), 'repeats or counts'],
    ['few characters', 'abcabdacbabcdabcdbacbdacbdabcdabdcba', 'repeats or counts'],
    ['a repeated piece', 'kJ2kd93jsdkfj39d'.repeat(2), 'repeats or counts'],
    ['the alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789', 'repeats or counts'],
    ['the alphabet backwards', 'zyxwvutsrqponmlkjihgfedcba9876543210', 'repeats or counts'],
    ['change-me', 'change-me-to-32-random-bytes-please-k3', 'is a placeholder'],
    ['changeit with spaces', 'please Change This secret before 2x 9z kq', 'is a placeholder'],
    ['your secret', 'your-session-secret-of-at-least-32-bytes', 'is a placeholder'],
    ['an example', 'example-secret-1f9s8d7f6g5h4j3k2l1q0w9e8', 'is a placeholder'],
  ])('%s is refused, and never shown', (_, text, message) => {
    const lines = problemsOf({ SESSION_SECRET: text })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^SESSION_SECRET: .*; for example SESSION_SECRET=[\w-]{43}$/)
    expect(lines[0]).toContain(message)
    expect(lines[0]).not.toContain(text)
  })

  test('a bad one among good ones is named by its place', () => {
    const lines = problemsOf({ SESSION_SECRET: `${secret},short,${otherSecret}` })
    expect(lines).toEqual([
      expect.stringContaining('SESSION_SECRET: secret 2 of 3 has 5 bytes; it needs 32 or more'),
    ])
  })

  test('length is counted in bytes', () => {
    expect(problemsOf({ SESSION_SECRET: 'žščřďťňúůýáíéóěľŕ' })).toEqual([])
  })

  test('S-07 the secret of the client is refused for it', () => {
    expect(problemsOf({ OIDC_CLIENT_SECRET: secret })).toEqual([
      expect.stringContaining('SESSION_SECRET: is OIDC_CLIENT_SECRET too'),
    ])
  })
})

test('an idle limit that never takes effect is a warning', () => {
  expect(warningsOf({ SESSION_IDLE_SEC: '3600', SESSION_MAX_AGE_SEC: '3600' })).toEqual([
    expect.stringContaining('SESSION_IDLE_SEC: 3600 never takes effect'),
  ])
  expect(warningsOf({ SESSION_IDLE_SEC: '3599', SESSION_MAX_AGE_SEC: '3600' })).toEqual([])
})

describe('STORE_URL', () => {
  test.each([
    ['sqlite:./data/x.db', { kind: 'sqlite', path: './data/x.db' }],
    ['sqlite:/data/x.db', { kind: 'sqlite', path: '/data/x.db' }],
    ['sqlite:///data/x.db', { kind: 'sqlite', path: '/data/x.db' }],
    ['sqlite::memory:', { kind: 'sqlite', path: ':memory:' }],
    ['redis://valkey', { kind: 'valkey', url: 'redis://valkey' }],
    ['rediss://u:p%40@valkey:6380/1', { kind: 'valkey', url: 'rediss://u:p%40@valkey:6380/1' }],
    ['valkey://[::1]:6379', { kind: 'valkey', url: 'valkey://[::1]:6379' }],
    ['valkeys://valkey:6379/', { kind: 'valkey', url: 'valkeys://valkey:6379/' }],
  ])('%s is read', (url, store) => {
    expect(settingsOf({ STORE_URL: url }).store).toEqual(store)
  })

  test.each([
    ['sqlite:', 'names no file'],
    ['sqlite://data/x.db', 'names no file'],
    ['sqlite:\0', 'names no file'],
    ['./data/x.db', 'is neither sqlite: and a path nor redis://'],
    ['postgres://u:hunter2@db/x', 'is neither'],
    ['redis:valkey', 'is neither'],
    ['redis:///0', 'is neither'],
    ['redis://u:hunter2%@valkey', 'is neither'],
    ['hunter2@valkey:6379', 'is neither'],
    ['redis://valkey/sessions', 'has more after the host than the number of a database'],
    ['redis://u:hunter2@valkey/0?tls=true', 'has more after the host'],
  ])('G-10 %s is refused without showing its password', (url, message) => {
    const lines = problemsOf({ STORE_URL: url })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^STORE_URL: .*; for example STORE_URL=/)
    expect(lines[0]).toContain(message)
    expect(lines[0]).not.toContain('hunter2')
  })
})

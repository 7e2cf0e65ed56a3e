import { describe, expect, test } from 'vitest'
import { otherSecret, problemsOf, secret, settingsOf } from './environments.ts'

const token = '9vR2xQ7-tLwK4mZpB8sYcJ0fHgDeN5aUoT1iXqV3nEk'

describe('G-07 ADMIN_TOKEN', () => {
  test('G-07 is not there unless it is set', () => {
    expect(settingsOf().adminTokens).toEqual([])
    expect(settingsOf({ ADMIN_TOKEN: '' }).adminTokens).toEqual([])
  })

  test('several are kept, for rotation', () => {
    const changes = { ADMIN_TOKEN: `${token},${otherSecret}` }
    expect(settingsOf(changes).adminTokens).toEqual([token, otherSecret])
    expect(settingsOf({ ADMIN_TOKEN_FILE: '/f' }, { '/f': `${token}\n` }).adminTokens).toEqual([
      token,
    ])
  })

  test.each([
    ['short', 'hunter2', 'has 7 bytes; it needs 32 or more'],
    ['a repeated piece', 'kJ2kd93jsdkfj39d'.repeat(2), 'repeats or counts'],
    ['a placeholder', 'change-me-to-32-random-bytes-please-k3', 'is a placeholder'],
    ['not for a header', `${token} ${token.slice(9)}`, 'has characters that no bearer token has'],
    ['no ASCII', `${token.slice(4)}žščř`, 'has characters that no bearer token has'],
    ['that of sessions', secret, 'is SESSION_SECRET too; use another one'],
    ['that of signatures', otherSecret, 'is INTERNAL_HMAC_KEY too; use another one'],
  ])('G-10 one that is %s is refused, and never shown', (_name, text, message) => {
    const lines = problemsOf({ ADMIN_TOKEN: text, INTERNAL_HMAC_KEY: otherSecret })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^ADMIN_TOKEN: .*; for example ADMIN_TOKEN=[\w-]{43}$/)
    expect(lines[0]).toContain(message)
    expect(lines[0]).not.toContain(text)
  })

  test('S-07 the secret of a client is refused for it', () => {
    expect(problemsOf({ ADMIN_TOKEN: token, OIDC_CLIENT_SECRET: token })).toEqual([
      expect.stringContaining('ADMIN_TOKEN: is OIDC_CLIENT_SECRET too'),
    ])
  })
})

import { describe, expect, test } from 'vitest'
import { problemsWith, settingsWith, warningsWith } from './environments.ts'

const hash = (digit: string) => `"sha256:${digit.repeat(64)}"`

describe('keys', () => {
  test('are services with roles, groups and scopes, until they expire', () => {
    const { keys } = settingsWith(`
keys:
  - { name: backup, hash: ${hash('A')}, roles: [backup], groups: [ops], scopes: [a:b], expires: 2099-06-30 }
  - { name: ci, hash: ${hash('b')}, expires: "2099-06-30T12:00:00.5+02:00" }`)
    expect(keys).toEqual([
      {
        name: 'backup',
        hash: 'a'.repeat(64),
        roles: ['backup'],
        groups: ['ops'],
        scopes: ['a:b'],
        expiresAt: Date.UTC(2099, 5, 30),
      },
      {
        name: 'ci',
        hash: 'b'.repeat(64),
        roles: [],
        groups: [],
        scopes: [],
        expiresAt: Date.UTC(2099, 5, 30, 10, 0, 0, 500),
      },
    ])
  })

  test.each([
    [`{ name: Back up, hash: ${hash('a')}, expires: 2099-01-01 }`, 'keys[0].name: is no name: up'],
    [`{ name: x, hash: ${hash('a')} }`, 'keys[0].expires: is missing'],
    ['{ name: x, expires: 2099-01-01 }', 'keys[0].hash: is missing'],
    [
      '{ name: x, hash: "sha256:abc", expires: 2099-01-01 }',
      'keys[0].hash: is not sha256: and 64 hexadecimal digits; `gatehouse key new NAME` prints the',
    ],
    [
      `{ name: x, hash: ${hash('a')}, roles: [""], expires: 2099-01-01 }`,
      'keys[0].roles[0]: is empty, or begins or ends with white space',
    ],
    ...['soon', '2099-02-30', '2099-13-01', '2099-06-30T25:00:00Z', '2099-06-30T12:00:00'].map(
      (time) => [
        `{ name: x, hash: ${hash('a')}, expires: "${time}" }`,
        `keys[0].expires: "${time}" is no date such as 2027-06-30, nor a time such as 2027-06-30T12`,
      ],
    ),
  ])('%s is refused', (key, message = '') => {
    const [line, ...more] = problemsWith(`keys: [${key}]`)
    expect(line?.slice(0, message.length)).toBe(message)
    expect(more).toEqual([])
  })

  test.each(['ghk_planted', 'sha256:ghk_planted', 'planted'])(
    'G-10 %s in place of a hash is not shown',
    (written) => {
      const lines = problemsWith(`keys: [{ name: x, hash: "${written}", expires: 2099-01-01 }]`)
      expect(lines).toEqual([
        expect.stringMatching(
          written.includes('ghk_')
            ? /^keys\[0\]\.hash: is the key itself, which now is in a file: make a new one; `gatehouse/
            : /^keys\[0\]\.hash: is not sha256:/,
        ),
      ])
      expect(lines.join()).not.toContain('planted')
    },
  )

  test('S-07 no two are alike', () => {
    const key = (name: string, digit: string) =>
      `{ name: ${name}, hash: ${hash(digit)}, expires: 2099-01-01 }`
    expect(problemsWith(`keys: [${key('a', 'a')}, ${key('b', 'A')}]`)).toEqual([
      'keys[1].hash: is the hash of another key too; each key has its own',
    ])
    expect(problemsWith(`keys: [${key('a', 'a')}, ${key('a', 'b')}]`)).toEqual([
      'keys[1].name: "a" is the name of another key too',
    ])
  })

  test('one that has expired is a warning', () => {
    const file = `keys: [{ name: old, hash: ${hash('a')}, expires: 2020-01-01 }]`
    expect(warningsWith(file)).toEqual([
      'keys[0].expires: 2020-01-01 is past: the key old does not count any more',
    ])
  })
})

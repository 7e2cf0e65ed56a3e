import { expect, test } from 'vitest'
import { keyHash } from '../../../src/bearer/api-keys.ts'
import { newKey } from '../../../src/cli/key.ts'
import { settingsWith } from '../config/environments.ts'
import { recordingTerminal } from './recording-terminal.ts'

const now = Date.UTC(2026, 5, 30)

function made(name: string) {
  const { terminal, lines, errors } = recordingTerminal()
  return { code: newKey(name, now, terminal), lines, errors }
}

test('key new shows a key of 256 random bits once, and the lines for the file', () => {
  const { code, lines } = made('backup')
  expect(code).toBe(0)
  const [key = '', ...others] = lines.filter((line) => line.startsWith('ghk_'))
  expect(others).toEqual([])
  expect(Buffer.from(key.slice(4), 'base64url')).toHaveLength(32)
  expect(lines.filter((line) => line.includes(key.slice(4)))).toHaveLength(1)
  const at = lines.indexOf('keys:')
  expect(settingsWith(lines.slice(at, at + 2).join('\n')).keys).toEqual([
    {
      name: 'backup',
      hash: keyHash(key),
      roles: [],
      groups: [],
      scopes: [],
      expiresAt: Date.UTC(2027, 5, 30),
    },
  ])
})

test('no two keys are alike', () => {
  expect(made('backup').lines).not.toEqual(made('backup').lines)
})

test.each(['Backup', 'a b', '', '1st', 'x'.repeat(33)])('key new refuses the name %j', (name) => {
  const { code, lines, errors } = made(name)
  expect({ code, lines }).toEqual({ code: 64, lines: [] })
  expect(errors[0]).toContain('is no name')
})
